/// Replaces every match of a pattern by a fixed text.
struct ReplaceNormalizer: Normalizer {
  let pattern: any Pattern
  let content: [UInt8]

  /// - Throws: `TokenizerError` when a field is missing or the pattern is malformed.
  init(_ fields: Fields) throws {
    pattern = try Tokenizers.pattern(fields)
    content = Array(try fields.string("content").utf8)
  }

  func normalize(_ text: inout AlignedText) throws {
    try text.replace(pattern, with: content)
  }
}

extension AlignedText {
  /// Puts `content` in place of every match of `pattern`, aligned with the last character of the match.
  mutating func replace(_ pattern: any Pattern, with content: [UInt8]) throws {
    var matches: [Span] = []
    try withBytes { try pattern.find(in: $0, 0..<count, &matches) }
    guard !matches.isEmpty else { return }
    var editor = AlignedTextEditor(self, extra: matches.count * max(content.count - 1, 0))
    var kept = 0
    for match in matches {
      editor.keep(kept..<match.lower)
      if match.upper > 0 {
        editor.insert(content, alignedWith: match.upper - 1)
      } else {
        editor.insert(content, alignedWith: count)
      }
      kept = match.upper
    }
    editor.keep(kept..<count)
    self = editor.finish()
  }
}
