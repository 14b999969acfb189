/// Puts every character in lower case, each by itself.
struct LowercaseNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    if text.isASCII {
      text.mapBytes { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
      return
    }
    text.mapScalars({ lowercase.mapping($0) }, expansion: { lowercase.expansions[$0] })
  }
}

let lowercase = LowercaseData()

/// The lower-case forms of characters, unpacked from the generated table.
struct LowercaseData: Sendable {
  private let mappings: ScalarIDs
  /// The characters whose lower-case form is several characters.
  let expansions: [UInt32: [UInt32]]

  init() {
    var pairs: [(scalar: UInt32, id: Int32)] = []
    var expansions: [UInt32: [UInt32]] = [:]
    var previous: UInt32 = 0
    forEachItem(in: LowercaseTable.mappings) { item in
      previous += item[0]
      if item.count == 2 {
        pairs.append((previous, Int32(item[1])))
      } else {
        expansions[previous] = Array(item.dropFirst())
      }
    }
    mappings = ScalarIDs(pairs)
    self.expansions = expansions
  }

  /// The lower-case form of a character that has a single one.
  @inline(__always)
  func mapping(_ scalar: UInt32) -> UInt32 {
    let found = mappings[scalar]
    return found < 0 ? scalar : UInt32(found)
  }
}
