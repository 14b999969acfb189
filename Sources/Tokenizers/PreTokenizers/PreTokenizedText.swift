/// A normalized text and the pieces it is cut into; a model tokenizes each piece by itself.
struct PreTokenizedText {
  var text: AlignedText
  /// The pieces in order; what lies between them is dropped. None is empty.
  var pieces: [Span]

  init(_ text: AlignedText) {
    self.text = text
    pieces = text.count == 0 ? [] : [Span(0, text.count)]
  }

  init(_ text: AlignedText, pieces: [Span]) {
    self.text = text
    self.pieces = pieces
  }
}
