/// Replaces every match of a pattern in every token.
struct ReplaceDecoder: Decoder {
  private let pattern: any Pattern
  private let content: [UInt8]

  /// - Throws: `TokenizerError` when a field is missing or the pattern is malformed.
  init(_ fields: Fields) throws {
    pattern = try Tokenizers.pattern(fields)
    content = Array(try fields.string("content").utf8)
  }

  func decode(_ tokens: inout [[UInt8]]) throws {
    var matches: [Span] = []
    for index in tokens.indices {
      matches.removeAll(keepingCapacity: true)
      let token = tokens[index]
      try (token + repeatElement(0, count: textPadding)).withUnsafeBufferPointer {
        try pattern.find(in: $0.baseAddress ?? UnsafePointer(emptyBytes.base), 0..<token.count, &matches)
      }
      guard !matches.isEmpty else { continue }
      var replaced: [UInt8] = []
      var position = 0
      for match in matches {
        replaced += token[position..<match.lower]
        replaced += content
        position = match.upper
      }
      tokens[index] = replaced + token[position...]
    }
  }
}
