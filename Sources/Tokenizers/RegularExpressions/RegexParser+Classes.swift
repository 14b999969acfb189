/// Character classes in brackets.
extension RegexParser {
  /// A class whose opening bracket has been read: ranges, escapes, named sets, classes inside, intersections.
  ///
  /// - Parameter isInside: whether it stands in another class, which then sees to case.
  mutating func characterClass(isInside: Bool = false) throws -> ScalarSet {
    let isNegated = skip("^")
    var intersected: ScalarSet?
    var set = ScalarSet.empty
    var isFirst = true
    while true {
      guard let scalar = next else { throw error("character class without end") }
      if scalar == "]", !isFirst {
        position += 1
        break
      }
      isFirst = false
      if skip("&&") {
        intersected = intersected.map { $0.intersection(set) } ?? set
        set = .empty
        continue
      }
      set = set.union(try member(scalar))
    }
    if let intersected { set = intersected.intersection(set) }
    if options.ignoresCase, !isInside { set = CaseFolding.closed(set) }
    return isNegated ? set.inverted : set
  }

  /// One item of a class: a set, a character or a range of characters.
  private mutating func member(_ scalar: Unicode.Scalar) throws -> ScalarSet {
    if scalar == "[" {
      if let named = try namedClass() { return named }
      position += 1
      return try characterClass(isInside: true)
    }
    if scalar == "\\", let set = try shorthand(inClass: true) { return set }
    let first = try classScalar()
    let start = position
    guard skip("-"), let after = next, after != "]" else {
      position = start
      return ScalarSet(first)
    }
    if after == "[" || isIntersection {
      // A hyphen before a class, or before `&&`, stands for itself.
      position = start
      return ScalarSet(first)
    }
    if after == "\\", try shorthand(inClass: true) != nil {
      throw error("character class at the end of a range")
    }
    let last = try classScalar()
    guard first <= last else { throw error("empty range in a character class") }
    return ScalarSet(CollectionOfOne(first...last))
  }

  private var isIntersection: Bool { scalars[position...].starts(with: ["&", "&"]) }

  private mutating func classScalar() throws -> UInt32 {
    guard let scalar = next else { throw error("character class without end") }
    if scalar == "\\" {
      // Inside a class `\b` is a backspace.
      if position + 1 < scalars.count, scalars[position + 1] == "b" {
        position += 2
        return 0x08
      }
      return try escapedScalar()
    }
    position += 1
    return scalar.value
  }

  /// `[:alpha:]` or `[:^alpha:]`, if one comes next.
  private mutating func namedClass() throws -> ScalarSet? {
    let start = position
    guard skip("[:") else { return nil }
    let isNegated = skip("^")
    var name = ""
    while let scalar = next, scalar.isASCII, scalar.properties.isAlphabetic {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    guard skip(":]") else {
      position = start
      return nil
    }
    guard Self.bracketNames.contains(name), let set = UnicodeProperty.set(name, inClass: true) else {
      throw error("unknown class [:\(name):]")
    }
    // In brackets the symbols count as punctuation.
    let whole = name == "punct" ? set.union(ScalarSet(.symbol)) : set
    return isNegated ? whole.inverted : whole
  }

  private static let bracketNames: Set<String> = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper",
    "xdigit", "word",
  ]
}
