/// CLIP's expression, `KnownExpression.clip`, written out: its two special tokens, contractions, words, single digits
/// and other runs; white space is in no match.
struct CLIPScanner: Pattern {
  private static let specialTokens = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.utf8) }

  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) {
    let end = range.upperBound
    var position = range.lowerBound
    while position < end {
      let first = characterClass(text, position)
      if first.value == CharacterClass.space {
        position += first.length
        continue
      }
      let stop = next(text, position, end, first)
      matches.append(Span(position, stop))
      position = stop
    }
  }

  /// The end of the match at `start`, whose first character has the class and length `first`.
  @inline(__always)
  private func next(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ first: (value: UInt8, length: Int)
  ) -> Int {
    switch text[start] {
    case UInt8(ascii: "'"):
      let length = contraction(text, start, end)
      if length > 0 { return start + length }
    case UInt8(ascii: "<"):
      for token in Self.specialTokens where isHere(token, text, start, end) { return start + token.count }
    default: break
    }
    let stop = start + first.length
    return first.value == CharacterClass.number ? stop : runEnd(text, stop, end, of: first.value)
  }

  private func isHere(_ token: [UInt8], _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
    start + token.count <= end && token.indices.allSatisfy { text[start + $0] == token[$0] }
  }
}
