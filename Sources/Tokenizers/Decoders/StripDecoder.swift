/// Takes a character off the beginning and the end of every token, up to a number of times.
struct StripDecoder: Decoder {
  private let content: [UInt8]
  private let start: Int
  private let stop: Int

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    _ = try fields.scalar("content")
    content = Array(try fields.string("content").utf8)
    start = try fields.int("start")
    stop = try fields.int("stop")
  }

  func decode(_ tokens: inout [[UInt8]]) {
    for index in tokens.indices {
      var token = tokens[index][...]
      for _ in 0..<start {
        guard token.starts(with: content) else { break }
        token = token.dropFirst(content.count)
      }
      for _ in 0..<stop {
        guard token.suffix(content.count).elementsEqual(content) else { break }
        token = token.dropLast(content.count)
      }
      if token.count != tokens[index].count { tokens[index] = Array(token) }
    }
  }
}
