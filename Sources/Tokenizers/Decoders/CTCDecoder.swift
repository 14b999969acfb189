/// Reads the output of connectionist temporal classification: repeated tokens count once, padding not at all.
struct CTCDecoder: Decoder {
  private let padding: [UInt8]
  private let delimiter: [UInt8]
  private let cleansUp: Bool

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    padding = Array(try fields.string("pad_token").utf8)
    delimiter = Array(try fields.string("word_delimiter_token").utf8)
    cleansUp = try fields.bool("cleanup")
  }

  func decode(_ tokens: inout [[UInt8]]) {
    var decoded: [[UInt8]] = []
    var previous: [UInt8]?
    for token in tokens {
      defer { previous = token }
      if token == previous { continue }
      var text = token.replacing(padding, with: [])
      if cleansUp { text = cleanedUp(text).replacing(delimiter, with: [UInt8(ascii: " ")]) }
      if !text.isEmpty { decoded.append(text) }
    }
    tokens = decoded
  }
}
