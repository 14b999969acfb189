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
      let length = anyCaseContraction(text, start, end)
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
    return lineOrSpaceEnd(text, start, runEnd(text, second, end, of: CharacterClass.space), end)
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
}
