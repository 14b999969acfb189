/// Changing the text of pieces after they were cut.
extension PreTokenizedText {
  /// A piece as it was before.
  struct Piece {
    let source: AlignedText
    let range: Range<Int>
  }

  /// Writes every piece anew with `write`; pieces that come out empty are gone.
  mutating func rewritePieces(_ write: (Piece, inout AlignedTextEditor) throws -> Void) rethrows {
    var editor = AlignedTextEditor(text, extra: pieces.count)
    var rewritten: [Span] = []
    rewritten.reserveCapacity(pieces.count)
    for piece in pieces {
      let start = editor.count
      try write(Piece(source: text, range: piece.lower..<piece.upper), &editor)
      if editor.count > start { rewritten.append(Span(start, editor.count)) }
    }
    text = editor.finish()
    pieces = rewritten
  }
}
