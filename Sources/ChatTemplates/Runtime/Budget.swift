/// What one rendering may spend on work and memory. A unit is about one expression evaluated or eight bytes written,
/// so that neither a loop nor a growing text can go on for ever.
final class Budget {
  /// The price of one element of a new list.
  static let element = 4
  /// The price of one round of a loop.
  static let round = 4

  private var left: Int

  /// - Parameter inputBytes: the size of what is rendered; longer conversations may cost more.
  init(inputBytes: Int) {
    left = 8_000_000 + min(inputBytes, 1 << 40) * 64
  }

  func spend(_ units: Int = 1) throws {
    left -= units
    if left < 0 {
      throw ChatTemplateError(
        "the template does more work than its conversation can need: simplify its loops")
    }
  }

  /// Pays for a text before it is built.
  func spendText(bytes: Int) throws {
    guard bytes <= Limits.text else {
      throw ChatTemplateError("a text would grow beyond \(Limits.text) bytes: build shorter ones")
    }
    try spend(bytes / 8)
  }

  /// As `spendText`, for `count` copies of something `width` bytes long.
  func spendText(bytes width: Int, times count: Int) throws {
    let (bytes, overflow) = max(width, 0).multipliedReportingOverflow(by: max(count, 0))
    try spendText(bytes: overflow ? .max : bytes)
  }

  func spendElements(_ width: Int, times count: Int) throws {
    let (elements, overflow) = max(width, 0).multipliedReportingOverflow(by: max(count, 0))
    try spend(overflow || elements > Int.max / 8 ? Int.max / 2 : elements * Budget.element)
  }

  /// Pays for reading through a value once.
  func spendReading(_ value: Value) throws {
    switch value {
    case .string(let text): try spend(text.utf8.count / 16)
    case .list(let items), .tuple(let items): try spend(items.values.count)
    case .dict(let mapping): try spend(mapping.count)
    default: break
    }
  }
}
