/// What a regular expression means.
indirect enum RegexNode: Sendable {
  /// Nothing at all.
  case empty
  /// One character of a set.
  case set(ScalarSet)
  /// One part after the other.
  case sequence([RegexNode])
  /// The first of several that lets the rest match.
  case choice([RegexNode])
  /// A part again and again.
  case loop(RegexNode, Count, Eagerness)
  /// A part that, once matched, is not gone back into.
  case atomic(RegexNode)
  /// A place before or behind which a part does or does not match.
  case look(RegexNode, isAhead: Bool, isNegated: Bool)
  case place(Place)

  /// How often a part is repeated.
  struct Count: Sendable, Equatable {
    var least: Int
    /// nil: any number of times.
    var most: Int?
  }

  enum Eagerness: Sendable {
    case greedy, lazy, possessive
  }

  /// A place between characters.
  enum Place: Sendable {
    case textStart, textEnd, lastLineEnd, lineStart, lineEnd, wordBoundary, noWordBoundary, searchStart
  }

  /// Whether the node is a place between characters.
  var isPlace: Bool {
    if case .place = self { return true }
    return false
  }

  /// Whether the node can match without taking a character.
  var canBeEmpty: Bool {
    switch self {
    case .empty, .look, .place: true
    case .set: false
    case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
    case .choice(let parts): parts.contains(where: \.canBeEmpty)
    case .loop(let part, let count, _): count.least == 0 || part.canBeEmpty
    case .atomic(let part): part.canBeEmpty
    }
  }

  /// How many characters the node takes, at least and at most; `unbounded` stands for any number.
  var width: (least: Int, most: Int) {
    switch self {
    case .empty, .look, .place: return (0, 0)
    case .set: return (1, 1)
    case .sequence(let parts):
      return parts.map(\.width).reduce((0, 0)) { (Self.sum($0.0, $1.least), Self.sum($0.1, $1.most)) }
    case .choice(let parts):
      let widths = parts.map(\.width)
      return (widths.map(\.least).min() ?? 0, widths.map(\.most).max() ?? 0)
    case .loop(let part, let count, _):
      let width = part.width
      return (Self.product(width.least, count.least), Self.product(width.most, count.most ?? Self.unbounded))
    case .atomic(let part): return part.width
    }
  }

  static let unbounded = 1 << 30

  private static func sum(_ one: Int, _ other: Int) -> Int { min(one + other, unbounded) }
  private static func product(_ one: Int, _ other: Int) -> Int { min(one * other, unbounded) }

  /// The bytes that a match which takes some character can begin with.
  var firstBytes: Set<UInt8> {
    switch self {
    case .empty, .look, .place: return []
    case .set(let set):
      var bytes = Set((UInt8(0)..<0x80).filter { set.contains(UInt32($0)) })
      if !set.isASCII { bytes.formUnion(0xC2...0xF4) }
      return bytes
    case .sequence(let parts):
      var bytes: Set<UInt8> = []
      for part in parts {
        bytes.formUnion(part.firstBytes)
        if !part.canBeEmpty { break }
      }
      return bytes
    case .choice(let parts): return parts.reduce(into: []) { $0.formUnion($1.firstBytes) }
    case .loop(let part, _, _), .atomic(let part): return part.firstBytes
    }
  }
}
