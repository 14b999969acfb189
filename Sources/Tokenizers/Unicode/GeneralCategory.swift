/// General categories of characters and sets of them, on pinned Unicode data.

/// A Unicode general category; the raw value is its number in `CategoryTable`.
enum GeneralCategory: UInt8, CaseIterable {
  case lu, ll, lt, lm, lo, mn, mc, me, nd, nl, no, pc, pd, ps, pe, pi, pf, po
  case sm, sc, sk, so, zs, zl, zp, cc, cf, cs, co, cn
  /// Controls that are white space, a part of `cc`.
  case ccSpace
}

/// A set of general categories.
struct CategorySet: OptionSet, Sendable {
  let rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }

  init(_ categories: GeneralCategory...) {
    rawValue = categories.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
  }

  static let letter = CategorySet(.lu, .ll, .lt, .lm, .lo)
  static let mark = CategorySet(.mn, .mc, .me)
  static let number = CategorySet(.nd, .nl, .no)
  static let punctuation = CategorySet(.pc, .pd, .ps, .pe, .pi, .pf, .po)
  static let symbol = CategorySet(.sm, .sc, .sk, .so)
  static let separator = CategorySet(.zs, .zl, .zp)
  static let other = CategorySet(.cc, .ccSpace, .cf, .cs, .co, .cn)
  /// What `\s` matches, and what Python and Rust call white space.
  static let whitespace = CategorySet(.zs, .zl, .zp, .ccSpace)
  static let all = CategorySet(rawValue: ~0)

  static let cc = CategorySet(GeneralCategory.cc)
  static let ccSpace = CategorySet(GeneralCategory.ccSpace)
  static let cs = CategorySet(GeneralCategory.cs)
  static let cn = CategorySet(GeneralCategory.cn)

  /// Whether a scalar's category is in the set.
  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool { rawValue >> UInt32(unicode.categories[scalar]) & 1 != 0 }
}

/// The tables, unpacked when first used.
let unicode = UnicodeData()

/// Everything known about characters, and each set of the age its user has it in.
struct UnicodeData: Sendable {
  let categories = ScalarTable(CategoryTable.categories)

  /// Whether a character is white space, by the definition that all reference implementations share.
  @inline(__always)
  func isWhitespace(_ scalar: UInt32) -> Bool {
    CategorySet.whitespace.contains(scalar)
  }
}
