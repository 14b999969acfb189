/// Reads the suffix that ends a word as a space, or as nothing in the last token.
struct BPEDecoder: Decoder {
  private let suffix: [UInt8]

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws { suffix = Array(try fields.string("suffix").utf8) }

  func decode(_ tokens: inout [[UInt8]]) {
    for index in tokens.indices {
      tokens[index] = tokens[index].replacing(
        suffix, with: index == tokens.count - 1 ? [] : [UInt8(ascii: " ")])
    }
  }
}
