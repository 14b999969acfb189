/// Runs of white space, `KnownExpression.spaces`.
struct SpaceScanner: Pattern {
  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) {
    var position = range.lowerBound
    while position < range.upperBound {
      let first = characterClass(text, position)
      let next = position + first.length
      guard first.value == CharacterClass.space else {
        position = next
        continue
      }
      let stop = runEnd(text, next, range.upperBound, of: CharacterClass.space)
      matches.append(Span(position, stop))
      position = stop
    }
  }
}
