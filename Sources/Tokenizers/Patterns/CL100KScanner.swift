/// The expression of cl100k_base and its descendants (Llama 3, Qwen 2), `KnownExpression.llama3`, written out.
struct CL100KScanner: Pattern {
  /// How many digits one match holds at most.
  let longestNumber: Int

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
    let second = start + first.length
    if first.value == CharacterClass.letter { return runEnd(text, second, end, of: CharacterClass.letter) }
    if first.value == CharacterClass.number { return numberEnd(text, second, end) }
    // One character that is neither a line break, a letter nor a number goes with the letters after it.
    if byte != UInt8(ascii: "\r"), byte != UInt8(ascii: "\n"), second < end {
      let following = characterClass(text, second)
      if following.value == CharacterClass.letter {
        return runEnd(text, second + following.length, end, of: CharacterClass.letter)
      }
      if byte == UInt8(ascii: " "), following.value == CharacterClass.other {
        return otherEnd(text, second + following.length, end)
      }
    }
    if first.value == CharacterClass.other { return otherEnd(text, second, end) }
    let stop = runEnd(text, second, end, of: CharacterClass.space)
    // `\s*[\r\n]+`: up to the last line break of the white space.
    var last = stop
    while last > start {
      if text[last - 1] == UInt8(ascii: "\n") || text[last - 1] == UInt8(ascii: "\r") { return last }
      last -= 1
    }
    return spaceEnd(text, start, stop, end)
  }

  @inline(__always)
  private func numberEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = start
    var count = 1
    while count < longestNumber, position < end {
      let next = characterClass(text, position)
      guard next.value == CharacterClass.number else { break }
      position += next.length
      count += 1
    }
    return position
  }

  /// `[^\s\p{L}\p{N}]+[\r\n]*`, its first character found.
  @inline(__always)
  private func otherEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = runEnd(text, start, end, of: CharacterClass.other)
    while position < end, text[position] == UInt8(ascii: "\n") || text[position] == UInt8(ascii: "\r") {
      position += 1
    }
    return position
  }

  /// The length of `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at an apostrophe; 0 where there is none. The long s, U+017F, is an
  /// `s` when case is ignored.
  @inline(__always)
  private func contraction(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    guard start + 1 < end else { return 0 }
    let first = text[start + 1] | 0x20
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return text[start + 1] < 0x80 ? 2 : 0
    default: break
    }
    guard start + 2 < end else { return 0 }
    if text[start + 1] == 0xC5, text[start + 2] == 0xBF { return 3 }
    switch (first, text[start + 2] | 0x20) {
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return 3
    default: return 0
    }
  }
}
