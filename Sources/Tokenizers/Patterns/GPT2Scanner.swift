/// GPT-2's expression, `KnownExpression.gpt2`, written out: contractions, words, numbers and other runs with a space
/// before them, white space.
struct GPT2Scanner: Pattern {
  var coversEverything: Bool { true }

  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) {
    let end = range.upperBound
    var position = range.lowerBound
    while position < end {
      let stop = next(text, position, end)
      matches.append(Span(position, stop))
      position = stop
    }
  }

  /// The end of the match at `start`; every character is in some match.
  @inline(__always)
  private func next(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    let byte = text[start]
    if byte == UInt8(ascii: "'") {
      let length = contraction(text, start, end)
      if length > 0 { return start + length }
    }
    let first = characterClass(text, start)
    if first.value != CharacterClass.space {
      return runEnd(text, start + first.length, end, of: first.value)
    }
    if byte == UInt8(ascii: " "), start + 1 < end {
      let second = characterClass(text, start + 1)
      if second.value != CharacterClass.space {
        return runEnd(text, start + 1 + second.length, end, of: second.value)
      }
    }
    let stop = runEnd(text, start + first.length, end, of: CharacterClass.space)
    return spaceEnd(text, start, stop, end)
  }
}
