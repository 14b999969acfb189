/// Decompositions, compositions and combining classes, unpacked from the generated table.
let normalizationData = NormalizationData()

/// What normalization has to know of each character.
struct NormalizationData: Sendable {
  private let canonical: [UInt32: [UInt32]]
  private let compatibility: [UInt32: [UInt32]]
  private let compositions: [UInt64: UInt32]
  private let classes: [UInt32: UInt8]
  /// One bit per character and form: the character can change under that form, alone or with its neighbours.
  private let active: Block<UInt8>

  // Hangul syllables are composed by arithmetic (Unicode Standard, section 3.12).
  private static let firstSyllable: UInt32 = 0xAC00
  private static let firstLead: UInt32 = 0x1100
  private static let firstVowel: UInt32 = 0x1161
  private static let firstTail: UInt32 = 0x11A7
  private static let leads: UInt32 = 19
  private static let vowels: UInt32 = 21
  private static let tails: UInt32 = 28

  init() {
    func mappings(_ packed: StaticString) -> [UInt32: [UInt32]] {
      var mappings: [UInt32: [UInt32]] = [:]
      var previous: UInt32 = 0
      forEachItem(in: packed) { item in
        previous += item[0]
        mappings[previous] = Array(item.dropFirst())
      }
      return mappings
    }
    canonical = mappings(DecompositionTable.canonical)
    compatibility = mappings(CompatibilityTable.compatibility)
    var compositions: [UInt64: UInt32] = [:]
    forEachItem(in: CompositionTable.compositions) { item in
      compositions[UInt64(item[0]) << 32 | UInt64(item[1])] = item[2]
    }
    self.compositions = compositions
    classes = mappings(CompositionTable.combiningClasses).mapValues { UInt8(truncatingIfNeeded: $0[0]) }
    active = Block(repeating: 0, count: 0x110000)
    func mark(_ scalar: UInt32, _ bits: UInt8) {
      if scalar < 0x110000 { active.base[Int(scalar)] |= bits }
    }
    let composites = Set(compositions.values)
    for scalar in canonical.keys { mark(scalar, composites.contains(scalar) ? 0b0101 : 0b1111) }
    for scalar in compatibility.keys { mark(scalar, 0b1100) }
    for scalar in classes.keys { mark(scalar, 0b1111) }
    // A character that others are added to stays as it is unless one of those follows.
    for pair in compositions.keys { mark(UInt32(truncatingIfNeeded: pair), 0b1111) }
    for scalar in Self.firstVowel..<0x1200 { mark(scalar, 0b1010) }
    for scalar in Self.firstSyllable..<Self.firstSyllable + Self.leads * Self.vowels * Self.tails {
      mark(scalar, 0b0101)
    }
  }

  /// Whether a text of such characters alone is the same under `form`.
  @inline(__always)
  func isInert(_ scalar: UInt32, _ form: NormalizationForm) -> Bool {
    guard scalar < 0x110000 else { return true }
    let bit: UInt8 =
      switch form {
      case .nfd: 0b0001
      case .nfc: 0b0010
      case .nfkd: 0b0100
      case .nfkc: 0b1000
      }
    return active.base[Int(scalar)] & bit == 0
  }

  /// The canonical combining class.
  @inline(__always)
  func combiningClass(_ scalar: UInt32) -> UInt8 {
    if scalar < 0x300 || active.base[Int(min(scalar, 0x10FFFF))] == 0 { return 0 }
    return classes[scalar] ?? 0
  }

  /// The full decomposition of a character, or nil where it is its own.
  func decomposition(_ scalar: UInt32, compatibly: Bool) -> [UInt32]? {
    if scalar < 0x80 || active.base[Int(min(scalar, 0x10FFFF))] == 0 { return nil }
    let index = scalar &- Self.firstSyllable
    if index < Self.leads * Self.vowels * Self.tails {
      let tail = index % Self.tails
      let lead = Self.firstLead + index / (Self.vowels * Self.tails)
      let vowel = Self.firstVowel + index % (Self.vowels * Self.tails) / Self.tails
      return tail == 0 ? [lead, vowel] : [lead, vowel, Self.firstTail + tail]
    }
    if compatibly, let parts = compatibility[scalar] { return parts }
    return canonical[scalar]
  }

  /// The character that two characters compose to.
  func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    let lead = first &- Self.firstLead
    let vowel = second &- Self.firstVowel
    if lead < Self.leads, vowel < Self.vowels {
      return Self.firstSyllable + (lead * Self.vowels + vowel) * Self.tails
    }
    let syllable = first &- Self.firstSyllable
    let tail = second &- Self.firstTail
    if syllable < Self.leads * Self.vowels * Self.tails, syllable % Self.tails == 0, tail > 0,
      tail < Self.tails
    {
      return first + tail
    }
    return compositions[UInt64(first) << 32 | UInt64(second)]
  }
}
