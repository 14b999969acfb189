/// Splits into parts of so many characters.
struct FixedLengthPreTokenizer: PreTokenizer {
  private let length: Int

  /// - Throws: `TokenizerError` when the length is malformed or 0.
  init(_ fields: Fields) throws {
    length = try fields.int("length", default: 5)
    guard length > 0 else { throw fields.missing("length", "a number from 1 up") }
  }

  func split(_ text: inout PreTokenizedText) {
    var cut: [Span] = []
    text.text.withBytes { bytes in
      for piece in text.pieces {
        var start = piece.lower
        var position = start
        var count = 0
        while position < piece.upper {
          position += utf8Length(leading: bytes[position])
          count += 1
          if count == length || position == piece.upper {
            cut.append(Span(start, position))
            start = position
            count = 0
          }
        }
      }
    }
    text.pieces = cut
  }
}
