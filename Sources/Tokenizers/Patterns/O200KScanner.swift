/// The expression of o200k_base and its descendants, `KnownExpression.o200k`, written out: words end where lower case
/// turns to upper.
struct O200KScanner: Pattern {
  /// How many digits one match holds at most.
  let longestNumber: Int
  /// Whether `'s` and the like belong to the word before.
  let joinsContractions: Bool

  private let classes = WordClass.byCategory
  private let ascii = WordClass.ascii

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
    let first = classAt(text, start)
    let second = start + first.length
    if let stop = word(text, start, second, end, first.value) {
      return joinsContractions ? stop + contraction(text, stop, end) : stop
    }
    if first.value == WordClass.number { return numberEnd(text, second, end) }
    if first.value == WordClass.other || first.value == WordClass.mark { return otherEnd(text, second, end) }
    if text[start] == UInt8(ascii: " "), second < end {
      let following = classAt(text, second)
      if following.value == WordClass.other || following.value == WordClass.mark {
        return otherEnd(text, second + following.length, end)
      }
    }
    return lineOrSpaceEnd(text, start, runEnd(text, second, end, of: 1 << WordClass.space), end)
  }

  /// The end of a word at `start`, with one character before it that is neither letter, number nor line break.
  @inline(__always)
  private func word(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ second: Int, _ end: Int, _ first: UInt8
  ) -> Int? {
    if WordClass.letters >> first & 1 != 0 {
      return endingLow(text, start, end) ?? endingHigh(text, start, end)
    }
    if first == WordClass.number || text[start] == UInt8(ascii: "\n") || text[start] == UInt8(ascii: "\r") {
      return nil
    }
    // Only a mark can be part of the word as well as stand before it.
    let isMark = first == WordClass.mark
    return endingLow(text, second, end) ?? (isMark ? endingLow(text, start, end) : nil)
      ?? endingHigh(text, second, end) ?? (isMark ? endingHigh(text, start, end) : nil)
  }

  /// `[upper]*[lower]+`; characters without case are both.
  @inline(__always)
  private func endingLow(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int? {
    let high = runEnd(text, start, end, of: WordClass.high)
    if high < end, WordClass.low >> classAt(text, high).value & 1 != 0 {
      return runEnd(text, high, end, of: WordClass.low)
    }
    // Back to the last character without case.
    var position = high
    while position > start {
      let before = scalarStart(text, before: position, notBefore: start)
      if WordClass.low >> classAt(text, before).value & 1 != 0 { return position }
      position = before
    }
    return nil
  }

  /// `[upper]+[lower]*` where the other did not match.
  @inline(__always)
  private func endingHigh(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int? {
    let high = runEnd(text, start, end, of: WordClass.high)
    return high > start ? high : nil
  }

  @inline(__always)
  private func contraction(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    start < end && text[start] == UInt8(ascii: "'") ? anyCaseContraction(text, start, end) : 0
  }

  @inline(__always)
  private func numberEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = start
    var count = 1
    while count < longestNumber, position < end {
      let next = classAt(text, position)
      guard next.value == WordClass.number else { break }
      position += next.length
      count += 1
    }
    return position
  }

  /// `[^\s\p{L}\p{N}]+[\r\n/]*`, its first character found.
  @inline(__always)
  private func otherEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var position = runEnd(text, start, end, of: 1 << WordClass.other | 1 << WordClass.mark)
    while position < end {
      switch text[position] {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "/"): position += 1
      default: return position
      }
    }
    return position
  }

  @inline(__always)
  private func classAt(_ text: UnsafePointer<UInt8>, _ position: Int) -> (value: UInt8, length: Int) {
    let byte = text[position]
    if byte < 0x80 { return (ascii.base[Int(byte)], 1) }
    let next = scalar(text, at: position)
    return (classes.base[Int(unicode.categories[next.value])], next.length)
  }

  @inline(__always)
  private func runEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, of wanted: UInt8) -> Int {
    var position = start
    while position < end {
      let next = classAt(text, position)
      guard wanted >> next.value & 1 != 0 else { return position }
      position += next.length
    }
    return position
  }
}

/// The classes that the expression tells apart; each is a bit of a set.
private enum WordClass {
  static let space: UInt8 = 0
  static let upper: UInt8 = 1
  static let lower: UInt8 = 2
  static let caseless: UInt8 = 3
  static let mark: UInt8 = 4
  static let number: UInt8 = 5
  static let other: UInt8 = 6

  static let letters: UInt8 = 1 << upper | 1 << lower | 1 << caseless
  static let high: UInt8 = 1 << upper | 1 << caseless | 1 << mark
  static let low: UInt8 = 1 << lower | 1 << caseless | 1 << mark

  static let byCategory: Block<UInt8> = {
    let table = Block<UInt8>(repeating: other, count: 32)
    for category in GeneralCategory.allCases {
      let member = CategorySet(category)
      if CategorySet.letter.contains(member) { table.base[Int(category.rawValue)] = caseless }
      if CategorySet(.lu, .lt).contains(member) { table.base[Int(category.rawValue)] = upper }
      if CategorySet(.ll).contains(member) { table.base[Int(category.rawValue)] = lower }
      if CategorySet.mark.contains(member) { table.base[Int(category.rawValue)] = mark }
      if CategorySet.number.contains(member) { table.base[Int(category.rawValue)] = number }
      if CategorySet.whitespace.contains(member) { table.base[Int(category.rawValue)] = space }
    }
    return table
  }()

  static let ascii: Block<UInt8> = {
    let table = Block<UInt8>(repeating: other, count: 128)
    for byte in 0..<128 { table.base[byte] = byCategory.base[Int(unicode.categories[UInt32(byte)])] }
    return table
  }()
}
