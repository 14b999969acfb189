/// Python's arithmetic, on numbers and on what else has it.
#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Interpreter {
  func combine(_ left: Value, _ operation: Arithmetic, _ right: Value) throws -> Value {
    if case .string(let template) = left, operation == .modulo {
      try budget.spendReading(left)
      return .string(try PercentFormat.format(template, with: right, budget))
    }
    for case .undefined(let missing) in [left, right] { throw missing.error }
    if let a = left.number, let b = right.number { return try combine(a, operation, b) }
    switch operation {
    case .add: return try joined(left, right)
    case .multiply: return try repeated(left, right)
    default: throw unsupported(operation, left, right)
    }
  }

  private func unsupported(_ operation: Arithmetic, _ left: Value, _ right: Value) -> ChatTemplateError {
    let sign = operation == .power ? "** or pow()" : operation.rawValue
    return ChatTemplateError(
      "unsupported operand type(s) for \(sign): '\(left.typeName)' and '\(right.typeName)'")
  }

  func negated(_ value: Value) throws -> Value {
    switch value.number {
    case .int(let number): return .int(-number)
    case .float(let number): return .float(-number)
    case nil: throw badOperand("-", value)
    }
  }

  func affirmed(_ value: Value) throws -> Value {
    guard let number = value.number else { throw badOperand("+", value) }
    return number.value
  }

  private func badOperand(_ sign: String, _ value: Value) -> ChatTemplateError {
    if case .undefined(let missing) = value { return missing.error }
    return ChatTemplateError("bad operand type for unary \(sign): '\(value.typeName)'")
  }

  // MARK: Sequences

  private func joined(_ left: Value, _ right: Value) throws -> Value {
    switch (left, right) {
    case (.string(let a), .string(let b)):
      try budget.spendText(bytes: a.utf8.count + b.utf8.count)
      guard a.isMarkup || b.isMarkup else { return .text(a.string + b.string) }
      return .string(Text(a.escaped().string + b.escaped().string, isMarkup: true))
    case (.list(let a), .list(let b)):
      try budget.spendElements(1, times: a.values.count + b.values.count)
      return try .list(a.values + b.values)
    case (.tuple(let a), .tuple(let b)):
      try budget.spendElements(1, times: a.values.count + b.values.count)
      return try .tuple(a.values + b.values)
    case (.string, _), (.list, _), (.tuple, _):
      throw ChatTemplateError(
        "can only concatenate \(left.typeName) (not \"\(right.typeName)\") to \(left.typeName)")
    default: throw unsupported(.add, left, right)
    }
  }

  private func repeated(_ left: Value, _ right: Value) throws -> Value {
    switch (left, right) {
    case (.string(let text), let times):
      let count = try repetitions(times, text.utf8.count)
      return .string(Text(String(repeating: text.string, count: count), isMarkup: text.isMarkup))
    case (.list(let items), let times):
      return try .list(Interpreter.repeating(items.values, try repetitions(times, items.values.count * 32)))
    case (.tuple(let items), let times):
      return try .tuple(Interpreter.repeating(items.values, try repetitions(times, items.values.count * 32)))
    case (_, .string), (_, .list), (_, .tuple): return try repeated(right, left)
    default: throw unsupported(.multiply, left, right)
    }
  }

  private static func repeating(_ values: [Value], _ count: Int) -> [Value] {
    Array(repeatElement(values, count: count).joined())
  }

  /// How often to repeat something `bytes` long, having paid for the result.
  private func repetitions(_ times: Value, _ bytes: Int) throws -> Int {
    guard let count = times.integer else {
      throw ChatTemplateError("can't multiply sequence by non-int of type '\(times.typeName)'")
    }
    if count.isNegative || bytes == 0 { return 0 }
    guard case .word(let word) = count else {
      throw ChatTemplateError("cannot fit 'int' into an index-sized integer")
    }
    try budget.spendText(bytes: bytes, times: word)
    return word
  }

  // MARK: Numbers

  private func combine(_ a: Number, _ operation: Arithmetic, _ b: Number) throws -> Value {
    if case .int(let a) = a, case .int(let b) = b { return try combine(a, operation, b) }
    return .float(try combine(a.double, operation, b.double))
  }

  private func combine(_ a: Integer, _ operation: Arithmetic, _ b: Integer) throws -> Value {
    switch operation {
    case .add: return .int(try bounded(a + b))
    case .subtract: return .int(try bounded(a - b))
    case .multiply:
      try bounded(bits: a.magnitude.bitWidth + b.magnitude.bitWidth)
      return .int(a * b)
    case .divide:
      guard !b.isZero else { throw ChatTemplateError("division by zero") }
      return .float(a.double / b.double)
    case .floorDivide:
      guard !b.isZero else { throw ChatTemplateError("integer division or modulo by zero") }
      return .int(a.flooredDivision(by: b).quotient)
    case .modulo:
      guard !b.isZero else { throw ChatTemplateError("integer modulo by zero") }
      return .int(a.flooredDivision(by: b).remainder)
    case .power:
      if b.isNegative { return .float(try combine(a.double, .power, b.double)) }
      return .int(try power(a, b))
    }
  }

  private func power(_ base: Integer, _ exponent: Integer) throws -> Integer {
    if base.magnitude.bitWidth <= 1 {
      if exponent.isZero || base == .word(1) { return .word(1) }
      if base.isZero { return .word(0) }
      return .word(exponent.magnitude.isOdd ? -1 : 1)
    }
    guard case .word(var left) = exponent else { throw ChatTemplateError("an int would grow too large") }
    let (bits, overflow) = base.magnitude.bitWidth.multipliedReportingOverflow(by: left)
    try bounded(bits: overflow ? .max : bits)
    var result = Integer(1)
    var square = base
    while left > 0 {
      if left & 1 == 1 { result = result * square }
      left >>= 1
      if left > 0 { square = square * square }
    }
    return result
  }

  /// Pays for an int and refuses ones that only exhaust the memory.
  private func bounded(bits: Int) throws {
    guard bits <= Limits.integerBits else { throw ChatTemplateError("an int would grow too large") }
    if bits > 64 { try budget.spend((bits / 32) * (bits / 32) / 64) }
  }

  private func bounded(_ value: Integer) throws -> Integer {
    if case .large(_, let magnitude) = value { try bounded(bits: magnitude.bitWidth) }
    return value
  }

  private func combine(_ a: Double, _ operation: Arithmetic, _ b: Double) throws -> Double {
    switch operation {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide:
      guard b != 0 else { throw ChatTemplateError("float division by zero") }
      return a / b
    case .floorDivide:
      guard b != 0 else { throw ChatTemplateError("float floor division by zero") }
      return Interpreter.flooredDivision(a, b).quotient
    case .modulo:
      guard b != 0 else { throw ChatTemplateError("float modulo") }
      return Interpreter.flooredDivision(a, b).remainder
    case .power:
      if a == 0, b < 0 { throw ChatTemplateError("0.0 cannot be raised to a negative power") }
      if a < 0, b.isFinite, b.rounded() != b { throw ChatTemplateError("complex numbers are not supported") }
      let result = pow(a, b)
      if result.isInfinite, a.isFinite, b.isFinite { throw ChatTemplateError("Result too large") }
      return result
    }
  }

  /// As CPython computes it, so that the last bit agrees.
  private static func flooredDivision(_ a: Double, _ b: Double) -> (quotient: Double, remainder: Double) {
    var remainder = a.truncatingRemainder(dividingBy: b)
    var quotient = (a - remainder) / b
    if remainder != 0 {
      if (b < 0) != (remainder < 0) {
        remainder += b
        quotient -= 1
      }
    } else {
      remainder = b < 0 ? -0.0 : 0
    }
    if quotient == 0 { return ((a / b).sign == .minus ? -0.0 : 0, remainder) }
    var floor = quotient.rounded(.down)
    if quotient - floor > 0.5 { floor += 1 }
    return (floor, remainder)
  }
}
