/// A Python `int`: of any size, in a machine word while it fits one.
enum Integer: Hashable, Sendable {
  case word(Int)
  /// A number that no `Int` holds, so that each value has one form.
  case large(negative: Bool, Natural)

  init(_ value: Int) { self = .word(value) }

  init(negative: Bool, _ magnitude: Natural) {
    if let word = magnitude.word {
      if let value = Int(exactly: word) {
        self = .word(negative ? -value : value)
        return
      }
      if negative, word == UInt(bitPattern: Int.min) {
        self = .word(.min)
        return
      }
    }
    self = .large(negative: negative, magnitude)
  }

  /// The whole part of a finite float; nil for infinities and NaN.
  init?(truncating value: Double) {
    guard value.isFinite else { return nil }
    if let word = Int(exactly: value.rounded(.towardZero)) {
      self = .word(word)
      return
    }
    let magnitude = Natural(UInt(value.significandBitPattern | (1 << 52))) << (Int(value.exponent) - 52)
    self.init(negative: value < 0, magnitude)
  }

  var isNegative: Bool {
    switch self {
    case .word(let value): value < 0
    case .large(let negative, _): negative
    }
  }

  var isZero: Bool { self == .word(0) }

  var magnitude: Natural {
    switch self {
    case .word(let value): Natural(value.magnitude)
    case .large(_, let magnitude): magnitude
    }
  }

  /// The nearest float; infinite where Python would raise OverflowError.
  var double: Double {
    switch self {
    case .word(let value): Double(value)
    case .large: Double(description) ?? .infinity
    }
  }
}

extension Integer: CustomStringConvertible {
  var description: String {
    switch self {
    case .word(let value): String(value)
    case .large(let negative, let magnitude): (negative ? "-" : "") + magnitude.digits()
    }
  }
}

extension Integer: Comparable {
  static func < (left: Integer, right: Integer) -> Bool {
    if case .word(let a) = left, case .word(let b) = right { return a < b }
    if left.isNegative != right.isNegative { return left.isNegative }
    return left.isNegative ? right.magnitude < left.magnitude : left.magnitude < right.magnitude
  }
}

extension Integer {
  static prefix func - (value: Integer) -> Integer {
    Integer(negative: !value.isNegative, value.magnitude)
  }

  static func + (left: Integer, right: Integer) -> Integer {
    if case .word(let a) = left, case .word(let b) = right {
      let (sum, overflow) = a.addingReportingOverflow(b)
      if !overflow { return .word(sum) }
    }
    let (a, b) = (left.magnitude, right.magnitude)
    if left.isNegative == right.isNegative { return Integer(negative: left.isNegative, a + b) }
    return a < b ? Integer(negative: right.isNegative, b - a) : Integer(negative: left.isNegative, a - b)
  }

  static func - (left: Integer, right: Integer) -> Integer {
    if case .word(let a) = left, case .word(let b) = right {
      let (difference, overflow) = a.subtractingReportingOverflow(b)
      if !overflow { return .word(difference) }
    }
    return left + -right
  }

  static func * (left: Integer, right: Integer) -> Integer {
    if case .word(let a) = left, case .word(let b) = right {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      if !overflow { return .word(product) }
    }
    return Integer(negative: left.isNegative != right.isNegative, left.magnitude * right.magnitude)
  }

  /// Quotient rounded down and remainder with the divisor's sign, as Python's `//` and `%`. The divisor is not zero.
  func flooredDivision(by divisor: Integer) -> (quotient: Integer, remainder: Integer) {
    if case .word(let a) = self, case .word(let b) = divisor, b != -1 {
      let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
      return remainder != 0 && (remainder < 0) != (b < 0)
        ? (.word(quotient - 1), .word(remainder + b)) : (.word(quotient), .word(remainder))
    }
    let (quotient, remainder) = magnitude.divided(by: divisor.magnitude)
    let opposite = isNegative != divisor.isNegative
    if opposite && !remainder.isZero {
      return (
        Integer(negative: true, quotient + Natural(1)),
        Integer(negative: divisor.isNegative, divisor.magnitude - remainder)
      )
    }
    return (Integer(negative: opposite, quotient), Integer(negative: isNegative, remainder))
  }
}
