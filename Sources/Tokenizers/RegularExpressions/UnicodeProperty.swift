/// The sets of characters that `\p{...}` and `[:...:]` name.
enum UnicodeProperty {
  /// The set with a name, in any case and with any of the separators ` `, `_` and `-` left out or put in; nil where
  /// there is none.
  ///
  /// - Parameter inClass: whether the name stands in a character class.
  static func set(_ name: String, inClass: Bool) -> ScalarSet? {
    let key = String(name.lowercased().filter { $0 != " " && $0 != "_" && $0 != "-" })
    if key == "word" { return inClass ? wordInClass : word }
    if let known = sets[key] { return known() }
    if let categories = categories[key] { return ScalarSet(categories) }
    if let number = scriptNumbers[key] { return scripts[number].map { ScalarSet($0) } }
    return nil
  }

  private static let sets: [String: @Sendable () -> ScalarSet] = [
    "any": { .all },
    "assigned": { ScalarSet(CategorySet(.cn)).inverted },
    "ascii": { ScalarSet(CollectionOfOne(0...0x7F)) },
    "alphabetic": { property(PropertyTable.alphabetic) },
    "alpha": { property(PropertyTable.alphabetic) },
    "uppercase": { property(PropertyTable.uppercase) },
    "upper": { property(PropertyTable.uppercase) },
    "lowercase": { property(PropertyTable.lowercase) },
    "lower": { property(PropertyTable.lowercase) },
    "alnum": { property(PropertyTable.alphabetic).union(ScalarSet(CategorySet(.nd))) },
    "digit": { ScalarSet(CategorySet(.nd)) },
    "space": { whitespace },
    "whitespace": { whitespace },
    "blank": { ScalarSet(CategorySet(.zs)).union(ScalarSet(0x09)) },
    "cntrl": { ScalarSet([.cc, .ccSpace]) },
    "punct": { ScalarSet(.punctuation) },
    "graph": { ScalarSet(CategorySet.separator.union([.cc, .ccSpace, .cs, .cn])).inverted },
    "print": { ScalarSet(CategorySet(.zl, .zp).union([.cc, .ccSpace, .cs, .cn])).inverted },
    "xdigit": { hexadecimalDigits },
    "emoji": { property(PropertyTable.emoji) },
    "emojipresentation": { property(PropertyTable.emojiPresentation) },
    "emojimodifier": { property(PropertyTable.emojiModifier) },
    "emojicomponent": { property(PropertyTable.emojiComponent) },
    "extendedpictographic": { property(PropertyTable.extendedPictographic) },
    "ideographic": { property(PropertyTable.ideographic) },
  ]

  /// What `\s` matches.
  static let whitespace = ScalarSet(.whitespace)
  /// What `\w` matches by itself.
  static let word = property(PropertyTable.word)
  /// What `\w` matches in a character class: Oniguruma leaves these superscripts and fractions out there.
  static let wordInClass = word.intersection(
    ScalarSet([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]).inverted)
  /// What `\h` matches.
  static let hexadecimalDigits = ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])

  private static func property(_ packed: StaticString) -> ScalarSet {
    var ranges: [ClosedRange<UInt32>] = []
    forEachRun(in: packed) { value, range in
      if value == 1 { ranges.append(UInt32(range.lowerBound)...UInt32(range.upperBound - 1)) }
    }
    return ScalarSet(ranges)
  }

  private static let categories: [String: CategorySet] = {
    var categories: [String: CategorySet] = [
      "l": .letter, "letter": .letter, "lc": CategorySet(.lu, .ll, .lt),
      "casedletter": CategorySet(.lu, .ll, .lt),
      "m": .mark, "mark": .mark, "combiningmark": .mark, "n": .number, "number": .number, "p": .punctuation,
      "punctuation": .punctuation, "s": .symbol, "symbol": .symbol, "z": .separator, "separator": .separator,
      "c": .other, "other": .other, "cc": [.cc, .ccSpace], "control": [.cc, .ccSpace],
    ]
    let longNames: [String: GeneralCategory] = [
      "uppercaseletter": .lu, "lowercaseletter": .ll, "titlecaseletter": .lt, "modifierletter": .lm,
      "otherletter": .lo, "nonspacingmark": .mn, "spacingmark": .mc, "enclosingmark": .me,
      "decimalnumber": .nd,
      "letternumber": .nl, "othernumber": .no, "connectorpunctuation": .pc, "dashpunctuation": .pd,
      "openpunctuation": .ps, "closepunctuation": .pe, "initialpunctuation": .pi, "finalpunctuation": .pf,
      "otherpunctuation": .po, "mathsymbol": .sm, "currencysymbol": .sc, "modifiersymbol": .sk,
      "othersymbol": .so,
      "spaceseparator": .zs, "lineseparator": .zl, "paragraphseparator": .zp, "format": .cf, "surrogate": .cs,
      "privateuse": .co, "unassigned": .cn,
    ]
    for (name, category) in longNames { categories[name] = CategorySet(category) }
    for category in GeneralCategory.allCases where categories["\(category)"] == nil {
      categories["\(category)"] = CategorySet(category)
    }
    return categories
  }()

  private static let scriptNumbers: [String: Int] = {
    var numbers: [String: Int] = [:]
    let names = ScriptTable.names.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    for (number, name) in names.split(whereSeparator: \.isWhitespace).enumerated() {
      numbers[String(name)] = number
    }
    return numbers
  }()

  private static let scripts: [Int: [ClosedRange<UInt32>]] = {
    var scripts: [Int: [ClosedRange<UInt32>]] = [:]
    forEachItem(in: ScriptTable.ranges) { item in scripts[Int(item[0])] = stretches(item.dropFirst()) }
    return scripts
  }()

  /// The ranges that pairs of a distance and a length stand for.
  static func stretches(_ numbers: ArraySlice<UInt32>) -> [ClosedRange<UInt32>] {
    var ranges: [ClosedRange<UInt32>] = []
    var position: UInt32 = 0
    var distance: UInt32?
    for number in numbers {
      if let start = distance {
        ranges.append(position + start...position + start + number)
        position += start + number
        distance = nil
      } else {
        distance = number
      }
    }
    return ranges
  }
}
