/// The numbers among the values: ints, floats, and bools, which count as 0 and 1.
enum Number {
  case int(Integer)
  case float(Double)

  var double: Double {
    switch self {
    case .int(let value): value.double
    case .float(let value): value
    }
  }

  var isZero: Bool {
    switch self {
    case .int(let value): value.isZero
    case .float(let value): value == 0
    }
  }

  var value: Value {
    switch self {
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    }
  }

  /// The number as an int value, if it is whole; none otherwise.
  var exactInteger: Value {
    switch self {
    case .int(let value): return .int(value)
    case .float(let value):
      guard value.rounded() == value, let whole = Integer(truncating: value) else { return .none }
      return .int(whole)
    }
  }
}

extension Number: Comparable {
  static func == (left: Number, right: Number) -> Bool {
    switch (left, right) {
    case (.int(let a), .int(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.int(let a), .float(let b)), (.float(let b), .int(let a)): compare(a, b) == 0
    }
  }

  static func < (left: Number, right: Number) -> Bool {
    switch (left, right) {
    case (.int(let a), .int(let b)): a < b
    case (.float(let a), .float(let b)): a < b
    case (.int(let a), .float(let b)): compare(a, b).map { $0 < 0 } ?? false
    case (.float(let a), .int(let b)): compare(b, a).map { $0 > 0 } ?? false
    }
  }

  static func <= (left: Number, right: Number) -> Bool { left < right || left == right }
  static func >= (left: Number, right: Number) -> Bool { right <= left }

  /// The sign of the exact difference; nil beside NaN.
  private static func compare(_ a: Integer, _ b: Double) -> Int? {
    guard !b.isNaN else { return nil }
    guard let whole = Integer(truncating: b) else { return b > 0 ? -1 : 1 }
    if a != whole { return a < whole ? -1 : 1 }
    let fraction = b - b.rounded(.towardZero)
    return fraction == 0 ? 0 : fraction > 0 ? -1 : 1
  }
}

extension Value {
  var number: Number? {
    switch self {
    case .bool(let flag): .int(.word(flag ? 1 : 0))
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    default: nil
    }
  }

  /// The value as an int, where Python accepts one: bools count, floats do not.
  var integer: Integer? {
    if case .int(let value) = number { value } else { nil }
  }
}
