import Foundation

/// SentencePiece's own normalization rules, compiled by it into a trie and a list of replacements.
///
/// The reference implementation looks at each grapheme of fewer than six bytes and, where the rules know one of its
/// prefixes, puts the replacement of the shortest in place of all of it; else it looks at each character. So does
/// this.
struct PrecompiledNormalizer: Normalizer {
  private let units: [UInt32]
  private let replacements: [UInt8]

  private static let longestGrapheme = 5

  /// - Throws: `TokenizerError` when the rules are malformed.
  init(_ fields: Fields) throws {
    guard let map = Data(base64Encoded: try fields.string("precompiled_charsmap")) else {
      throw fields.missing("precompiled_charsmap", "base64")
    }
    try self.init([UInt8](map), at: "\(fields.path).precompiled_charsmap")
  }

  /// - Throws: `TokenizerError` when the rules are malformed.
  init(_ map: [UInt8], at path: String) throws {
    func number(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(map[index + $1]) << UInt32(8 * $1) }
    }
    guard map.count >= 4, Int(number(0)) <= map.count - 4 else {
      throw TokenizerError("\(map.count) bytes, at \(path): its trie is said to be longer than that")
    }
    let size = Int(number(0)) / 4
    units = (0..<size).map { number(4 + 4 * $0) }
    replacements = Array(map[(4 + 4 * size)...])
    guard replacements.withUnsafeBufferPointer(isValidUTF8) else {
      throw TokenizerError("replacements, at \(path): they are not valid UTF-8")
    }
  }

  func normalize(_ text: inout AlignedText) {
    var changes: [ScalarChange] = []
    changes.reserveCapacity(text.count)
    var isModified = false
    text.withBytes { bytes in
      var position = 0
      while position < text.count {
        let end = graphemeEnd(bytes, position, text.count)
        if end - position <= Self.longestGrapheme, let new = replacement(bytes, position..<end) {
          isModified = true
          replace(bytes, position..<end, by: new, &changes)
          position = end
          continue
        }
        while position < end {
          let next = scalar(bytes, at: position)
          let range = position..<position + next.length
          if let new = replacement(bytes, range) {
            isModified = true
            replace(bytes, range, by: new, &changes)
          } else {
            changes.append(ScalarChange(scalar: next.value, change: 0))
          }
          position = range.upperBound
        }
      }
    }
    if isModified { text.transform(changes) }
  }

  /// The replacement of the shortest prefix of `range` that the rules know.
  private func replacement(_ bytes: UnsafePointer<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    guard var place = units.first.map(Self.offset) else { return nil }
    for position in range {
      if bytes[position] == 0 { return nil }
      place ^= Int(bytes[position])
      guard place < units.count else { return nil }
      let unit = units[place]
      guard unit & (1 << 31 | 0xFF) == UInt32(bytes[position]) else { return nil }
      place ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        guard place < units.count else { return nil }
        let start = Int(units[place] & ~(1 << 31))
        guard start <= replacements.count else { return nil }
        return start..<(replacements[start...].firstIndex(of: 0) ?? replacements.count)
      }
    }
    return nil
  }

  private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & (1 << 9)) >> 6) }

  private func replace(
    _ bytes: UnsafePointer<UInt8>, _ old: Range<Int>, by new: Range<Int>, _ changes: inout [ScalarChange]
  ) {
    var oldCount = 0
    for position in old where !isContinuation(bytes[position]) { oldCount += 1 }
    let written = Tokenizers.scalars(String(decoding: replacements[new], as: UTF8.self))
    // The last of more characters than before are inserted; the last of fewer takes the rest away.
    for (index, scalar) in written.enumerated() {
      changes.append(ScalarChange(scalar: scalar, change: index < oldCount ? 0 : 1))
    }
    if written.count < oldCount, let last = changes.indices.last {
      changes[last].change -= oldCount - written.count
    }
  }
}
