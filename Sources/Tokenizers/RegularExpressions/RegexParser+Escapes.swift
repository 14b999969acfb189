/// What follows a backslash.
extension RegexParser {
  /// An escape outside a character class.
  mutating func escape() throws -> RegexNode {
    guard position + 1 < scalars.count else { throw error("backslash at the end") }
    let scalar = scalars[position + 1]
    let places: [Unicode.Scalar: RegexNode.Place] = [
      "A": .textStart, "z": .textEnd, "Z": .lastLineEnd, "G": .searchStart, "b": .wordBoundary,
      "B": .noWordBoundary,
    ]
    if let place = places[scalar] {
      position += 2
      return .place(place)
    }
    switch scalar {
    case "R":
      position += 2
      let breaks = ScalarSet([0x0A...0x0D, 0x85...0x85, 0x2028...0x2029])
      return .atomic(.choice([.sequence([.set(ScalarSet(0x0D)), .set(ScalarSet(0x0A))]), .set(breaks)]))
    case "N":
      position += 2
      return .set(ScalarSet(0x0A).inverted)
    case "O":
      position += 2
      return .set(.all)
    case "K", "X", "y", "Y", "k", "g": throw error("unsupported escape")
    case "1"..."9" where !isOctal(from: position + 1): throw error("unsupported reference to a group")
    default: break
    }
    if let set = try shorthand(inClass: false) { return .set(set) }
    return .set(literal(try escapedScalar()))
  }

  /// Whether three octal digits follow, which are a character and no reference to a group.
  private func isOctal(from start: Int) -> Bool {
    start + 3 <= scalars.count && scalars[start..<start + 3].allSatisfy { ("0"..."7").contains($0) }
  }

  /// A set that an escape stands for, such as `\s` and `\p{L}`, if one comes next.
  mutating func shorthand(inClass: Bool) throws -> ScalarSet? {
    guard position + 1 < scalars.count else { return nil }
    let word = inClass ? UnicodeProperty.wordInClass : UnicodeProperty.word
    let set: ScalarSet
    switch scalars[position + 1] {
    case "s": set = UnicodeProperty.whitespace
    case "S": set = UnicodeProperty.whitespace.inverted
    case "w": set = word
    case "W": set = word.inverted
    case "d": set = ScalarSet(CategorySet(.nd))
    case "D": set = ScalarSet(CategorySet(.nd)).inverted
    case "h": set = UnicodeProperty.hexadecimalDigits
    case "H": set = UnicodeProperty.hexadecimalDigits.inverted
    case "p", "P": return try property(inClass: inClass)
    default: return nil
    }
    position += 2
    return set
  }

  /// `\p{...}`, `\p{^...}` or `\P{...}`.
  private mutating func property(inClass: Bool) throws -> ScalarSet {
    var isNegated = scalars[position + 1] == "P"
    position += 2
    guard skip("{") else { throw error("property without {") }
    if skip("^") { isNegated.toggle() }
    var name = ""
    while let scalar = next, scalar != "}" {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard skip("}") else { throw error("property without }") }
    guard let set = UnicodeProperty.set(name, inClass: inClass) else {
      throw error("unknown property \(name)")
    }
    return isNegated ? set.inverted : set
  }

  /// The character that an escape stands for.
  mutating func escapedScalar() throws -> UInt32 {
    position += 1
    guard let scalar = next else { throw error("backslash at the end") }
    position += 1
    switch scalar {
    case "t": return 0x09
    case "n": return 0x0A
    case "v": return 0x0B
    case "f": return 0x0C
    case "r": return 0x0D
    case "a": return 0x07
    case "e": return 0x1B
    case "0"..."7":
      position -= 1
      return try digits(atMost: 3, radix: 8)
    case "x":
      guard skip("{") else { return try digits(atMost: 2, radix: 16) }
      let value = try digits(atMost: 8, radix: 16)
      guard skip("}") else { throw error("\\x{ without }") }
      return value
    case "u": return try digits(atMost: 4, radix: 16)
    case "c":
      guard let control = next else { throw error("\\c at the end") }
      position += 1
      return control.value & 0x1F
    default: return scalar.value
    }
  }

  private mutating func digits(atMost most: Int, radix: UInt32) throws -> UInt32 {
    var value: UInt32 = 0
    var count = 0
    while count < most, let scalar = next, scalar.isASCII,
      let digit = UInt32(String(scalar), radix: 16), digit < radix
    {
      value = value << (radix == 16 ? 4 : 3) | digit
      count += 1
      position += 1
    }
    guard count > 0, value < ScalarSet.limit else { throw error("no such character") }
    return value
  }
}
