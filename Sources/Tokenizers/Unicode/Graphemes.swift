/// Where what a reader sees as one character ends (Unicode Standard Annex 29).

/// How a character joins with its neighbours; the raw value is its number in `GraphemeTable`.
enum GraphemeBreak: UInt8 {
  case other, cr, lf, control, extend, zwj, regionalIndicator, prepend, spacingMark
  case hangulLead, hangulVowel, hangulTail, hangulLV, hangulLVT, pictographic

  init(_ scalar: UInt32) {
    self = GraphemeBreak(rawValue: graphemeTable[scalar]) ?? .other
  }
}

private let graphemeTable = ScalarTable(GraphemeTable.breaks)

/// The end of the grapheme that begins at `start`.
func graphemeEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
  let first = scalar(text, at: start)
  var position = start + first.length
  // Two ASCII characters only ever join as a line break.
  if first.value < 0x80, position < end, text[position] < 0x80 {
    return first.value == 0x0D && text[position] == 0x0A ? position + 1 : position
  }
  var before = GraphemeBreak(first.value)
  var flagCount = before == .regionalIndicator ? 1 : 0
  var hasPictograph = before == .pictographic
  while position < end {
    let next = scalar(text, at: position)
    let after = GraphemeBreak(next.value)
    guard joins(before, after, flagCount: flagCount, hasPictograph: hasPictograph) else { break }
    flagCount += after == .regionalIndicator ? 1 : 0
    hasPictograph = after == .pictographic || (hasPictograph && (after == .extend || after == .zwj))
    before = after
    position += next.length
  }
  return position
}

private func joins(
  _ before: GraphemeBreak, _ after: GraphemeBreak, flagCount: Int, hasPictograph: Bool
) -> Bool {
  switch (before, after) {
  case (.cr, .lf): true
  case (.cr, _), (.lf, _), (.control, _), (_, .cr), (_, .lf), (_, .control): false
  case (.hangulLead, .hangulLead), (.hangulLead, .hangulVowel), (.hangulLead, .hangulLV),
    (.hangulLead, .hangulLVT):
    true
  case (.hangulLV, .hangulVowel), (.hangulLV, .hangulTail), (.hangulVowel, .hangulVowel),
    (.hangulVowel, .hangulTail):
    true
  case (.hangulLVT, .hangulTail), (.hangulTail, .hangulTail): true
  case (_, .extend), (_, .zwj), (_, .spacingMark): true
  case (.prepend, _): true
  case (.zwj, .pictographic): hasPictograph
  case (.regionalIndicator, .regionalIndicator): flagCount % 2 == 1
  default: false
  }
}
