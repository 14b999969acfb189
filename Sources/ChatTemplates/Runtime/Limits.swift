/// The bounds that keep a hostile template from exhausting the stack, the memory or the reader's patience. Real
/// templates stay far below all of them.
enum Limits {
  /// How deeply lists and dictionaries may nest in one another.
  static let containers = 200
  /// How many `map`, `select` and the like may read through one another.
  static let iterators = 50
  /// How deeply tags and brackets may nest in the source.
  static let syntax = 100
  /// How many macro calls may be under way at once; about where Python gives up on recursion.
  static let calls = 200
  /// The longest `range`, as in Jinja's sandbox.
  static let range = 100_000
  /// The longest decimal number that is read or printed, as in Python.
  static let integerDigits = 4300
  /// The most bits an intermediate integer may have.
  static let integerBits = 1 << 16
  /// The most bytes of one text.
  static let text = 1 << 26
  /// The most digits a number format may ask for.
  static let formatDigits = 1 << 12

  static let tooManyDigits = ChatTemplateError(
    "Exceeds the limit (\(integerDigits) digits) for integer string conversion")

  static func containerDepth(around inner: Int) throws -> Int {
    guard inner < containers else {
      throw ChatTemplateError("values nest more than \(containers) levels deep: pass flatter data")
    }
    return inner + 1
  }
}
