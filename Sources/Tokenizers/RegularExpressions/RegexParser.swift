/// Reads regular expressions in the syntax of Oniguruma, the library that Hugging Face's tokenizers match with.
struct RegexParser {
  private let source: String
  let scalars: [Unicode.Scalar]
  var position = 0
  var options = Options()
  private var depth = 0

  /// What `(?imx)` switches on.
  struct Options {
    var ignoresCase = false
    /// Whether `.` matches line breaks, which Oniguruma calls multi-line.
    var dotMatchesAll = false
    /// Whether white space and comments in the expression mean nothing.
    var isExtended = false
  }

  private static let deepest = 200
  private static let mostQuantifiers = 20

  init(_ source: String) {
    self.source = source
    scalars = Array(source.unicodeScalars)
  }

  /// What the expression means.
  ///
  /// - Throws: `TokenizerError` saying what is malformed, or known to Oniguruma and not supported here.
  mutating func parse() throws -> RegexNode {
    let node = try choice()
    guard position == scalars.count else { throw error("unmatched )") }
    return node
  }

  func error(_ what: String) -> TokenizerError {
    TokenizerError("\(what), at character \(position) of the regular expression \(source)")
  }

  var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  /// Steps over `text` if it comes next.
  mutating func skip(_ text: String) -> Bool {
    let wanted = text.unicodeScalars
    guard scalars[min(position, scalars.count)...].starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  /// Alternatives up to a closing parenthesis or the end.
  private mutating func choice() throws -> RegexNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw error("groups nested deeper than \(Self.deepest) levels") }
    var parts = [try sequence()]
    while skip("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws -> RegexNode {
    var parts: [RegexNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if options.isExtended, skipIgnored(scalar) { continue }
      if skip("(?#") {
        while let scalar = next, scalar != ")" { position += scalar == "\\" ? 2 : 1 }
        guard skip(")") else { throw error("comment without end") }
        continue
      }
      let part = try atom(scalar)
      parts.append(try quantified(part, isPlace: scalar != "(" && part.isPlace))
    }
    return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
  }

  private mutating func skipIgnored(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "#" {
      skip(until: ["\n"])
      return true
    }
    guard scalar == " " || (0x09...0x0D).contains(scalar.value) else { return false }
    position += 1
    return true
  }

  private mutating func atom(_ scalar: Unicode.Scalar) throws -> RegexNode {
    switch scalar {
    case "(": return try group()
    case "[":
      position += 1
      return .set(try characterClass())
    case "\\": return try escape()
    case ".":
      position += 1
      return .set(options.dotMatchesAll ? .all : ScalarSet(0x0A).inverted)
    case "^":
      position += 1
      return .place(.lineStart)
    case "$":
      position += 1
      return .place(.lineEnd)
    case "*", "+", "?": throw error("nothing to repeat")
    default:
      position += 1
      return .set(literal(scalar.value))
    }
  }

  /// Steps up to the first of some characters, or the end.
  private mutating func skip(until stops: Set<Unicode.Scalar>) {
    while position < scalars.count, !stops.contains(scalars[position]) { position += 1 }
  }

  /// The set of a character written as itself.
  func literal(_ scalar: UInt32) -> ScalarSet {
    let set = ScalarSet(scalar)
    return options.ignoresCase ? CaseFolding.closed(set) : set
  }

  private mutating func group() throws -> RegexNode {
    let outer = options
    defer { options = outer }
    let node: RegexNode
    if skip("(?:") {
      node = try choice()
    } else if skip("(?=") {
      node = .look(try choice(), isAhead: true, isNegated: false)
    } else if skip("(?!") {
      node = .look(try choice(), isAhead: true, isNegated: true)
    } else if skip("(?<=") {
      node = .look(try choice(), isAhead: false, isNegated: false)
    } else if skip("(?<!") {
      node = .look(try choice(), isAhead: false, isNegated: true)
    } else if skip("(?>") {
      node = .atomic(try choice())
    } else if skip("(?<") || skip("(?'") {
      skip(until: [">", "'"])
      position += 1
      node = try choice()
    } else if skip("(?") {
      return try optionGroup(outer)
    } else {
      position += 1
      node = try choice()
    }
    guard skip(")") else { throw error("group without end") }
    return node
  }

  /// `(?i:...)`, or `(?i)`, which holds up to the end of the group around it, alternatives included.
  private mutating func optionGroup(_ outer: Options) throws -> RegexNode {
    var isOn = true
    while let scalar = next, scalar != ":", scalar != ")" {
      switch scalar {
      case "-": isOn = false
      case "i": options.ignoresCase = isOn
      case "m": options.dotMatchesAll = isOn
      case "x": options.isExtended = isOn
      default: throw error("unknown group option")
      }
      position += 1
    }
    let isGroup = next == ":"
    position += 1
    let node = try choice()
    if isGroup, !skip(")") { throw error("group without end") }
    return node
  }

  /// A part with the quantifiers that follow it.
  private mutating func quantified(_ part: RegexNode, isPlace: Bool) throws -> RegexNode {
    var node = part
    var stacked = 0
    while let count = quantifier() {
      stacked += 1
      guard stacked <= Self.mostQuantifiers else {
        throw error("more than \(Self.mostQuantifiers) quantifiers in a row")
      }
      if let most = count.count.most, most < count.count.least {
        throw error("repetition {n,m} with n above m")
      }
      guard count.count.least <= 100_000, count.count.most ?? 0 <= 100_000 else {
        throw error("repetition above 100000")
      }
      if isPlace { throw error("nothing to repeat") }
      var eagerness = RegexNode.Eagerness.greedy
      if count.isInterval, count.count.least == count.count.most {
        // `{n}?` is an optional repetition, not a lazy one.
        if skip("?") {
          node = .loop(.loop(node, count.count, .greedy), .init(least: 0, most: 1), .greedy)
          continue
        }
      } else if skip("?") {
        eagerness = .lazy
      } else if !count.isInterval, skip("+") {
        eagerness = .possessive
      }
      node = .loop(node, count.count, eagerness)
    }
    return node
  }

  private mutating func quantifier() -> (count: RegexNode.Count, isInterval: Bool)? {
    if skip("*") { return (.init(least: 0, most: nil), false) }
    if skip("+") { return (.init(least: 1, most: nil), false) }
    if skip("?") { return (.init(least: 0, most: 1), false) }
    let start = position
    guard skip("{") else { return nil }
    let least = number()
    let hasComma = skip(",")
    let most = hasComma ? number() : least
    guard skip("}"), least != nil || most != nil else {
      // A brace that begins no interval stands for itself.
      position = start
      return nil
    }
    return (.init(least: least ?? 0, most: most), true)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = next, ("0"..."9").contains(scalar) {
      value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), 1 << 30)
      position += 1
    }
    return value
  }
}
