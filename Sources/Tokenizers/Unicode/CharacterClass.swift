/// The four classes that the pre-tokenizing patterns of language models tell apart.
enum CharacterClass {
  static let space: UInt8 = 0
  static let letter: UInt8 = 1
  static let number: UInt8 = 2
  /// Neither white space, letter nor number.
  static let other: UInt8 = 3

  /// Class by general category.
  private static let byCategory: Block<UInt8> = {
    let table = Block<UInt8>(repeating: other, count: 32)
    for category in GeneralCategory.allCases {
      let member = CategorySet(category)
      if CategorySet.letter.contains(member) { table.base[Int(category.rawValue)] = letter }
      if CategorySet.number.contains(member) { table.base[Int(category.rawValue)] = number }
      if CategorySet.whitespace.contains(member) { table.base[Int(category.rawValue)] = space }
    }
    return table
  }()

  /// Class of every ASCII character.
  static let ascii: Block<UInt8> = {
    let table = Block<UInt8>(repeating: other, count: 256)
    for byte in 0..<128 { table.base[byte] = of(UInt32(byte)) }
    return table
  }()

  /// The class of a scalar.
  @inline(__always)
  static func of(_ scalar: UInt32) -> UInt8 {
    byCategory.base[Int(unicode.categories[scalar])]
  }
}
