/// SentencePiece's way with spaces: each becomes a visible mark, which begins the word after it.
struct MetaspacePreTokenizer: PreTokenizer {
  enum PrependScheme: String {
    case always, first, never
  }

  private let mark: [UInt8]
  let scheme: PrependScheme
  private let splits: Bool
  private let pattern: LiteralPattern

  /// - Throws: `TokenizerError` when a field is missing or contradicts another.
  init(_ fields: Fields) throws {
    let replacement = try fields.scalar("replacement")
    mark = Array(try fields.string("replacement").utf8)
    var scheme = PrependScheme.always
    if fields["prepend_scheme"] != nil {
      guard let known = PrependScheme(rawValue: try fields.string("prepend_scheme")) else {
        throw fields.missing("prepend_scheme", "always, first or never")
      }
      scheme = known
    }
    if fields["add_prefix_space"] != nil, try !fields.bool("add_prefix_space") {
      if fields["prepend_scheme"] != nil, scheme != .never {
        throw fields.missing("prepend_scheme", "never, as add_prefix_space is false,")
      }
      scheme = .never
    }
    self.scheme = scheme
    splits = try fields.bool("split", default: true)
    pattern = LiteralPattern(String(Unicode.Scalar(replacement) ?? " "))
  }

  func split(_ text: inout PreTokenizedText) throws {
    text.rewritePieces { piece, editor in
      piece.source.withBytes { bytes in
        let range = piece.range
        if needsMark(bytes, range, piece.source) { editor.insert(mark, alignedWith: range.lowerBound) }
        var kept = range.lowerBound
        for position in range where bytes[position] == UInt8(ascii: " ") {
          editor.keep(kept..<position)
          editor.insert(mark, alignedWith: position)
          kept = position + 1
        }
        editor.keep(kept..<range.upperBound)
      }
    }
    if splits { try text.split(at: pattern, .mergedWithNext) }
  }

  /// Whether a mark is put in front of a piece.
  private func needsMark(_ bytes: UnsafePointer<UInt8>, _ range: Range<Int>, _ source: AlignedText) -> Bool {
    if scheme == .never { return false }
    if bytes[range.lowerBound] == UInt8(ascii: " ") { return false }
    let hasMark =
      range.count >= mark.count && mark.indices.allSatisfy { bytes[range.lowerBound + $0] == mark[$0] }
    if hasMark { return false }
    return scheme == .always || source.original(range.lowerBound..<range.lowerBound + 1).start == 0
  }
}
