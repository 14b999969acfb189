/// Reads marks as spaces again; in the first token they are dropped where the pre-tokenizer had put one in front.
struct MetaspaceDecoder: Decoder {
  private let mark: [UInt8]
  private let dropsFirst: Bool

  /// - Throws: `TokenizerError` when a field is missing or contradicts another.
  init(_ fields: Fields) throws {
    mark = Array(try fields.string("replacement").utf8)
    dropsFirst = try MetaspacePreTokenizer(fields).scheme != .never
  }

  func decode(_ tokens: inout [[UInt8]]) {
    for index in tokens.indices {
      let content: [UInt8] = index == 0 && dropsFirst ? [] : [UInt8(ascii: " ")]
      tokens[index] = tokens[index].replacing(mark, with: content)
    }
  }
}

extension [UInt8] {
  /// The bytes with every occurrence of `old`, which is not empty, replaced.
  func replacing(_ old: [UInt8], with new: [UInt8]) -> [UInt8] {
    guard let first = old.first, count >= old.count else { return self }
    var replaced: [UInt8] = []
    replaced.reserveCapacity(count)
    var position = 0
    while position < count {
      if self[position] == first, self[position...].starts(with: old) {
        replaced += new
        position += old.count
      } else {
        replaced.append(self[position])
        position += 1
      }
    }
    return replaced
  }
}
