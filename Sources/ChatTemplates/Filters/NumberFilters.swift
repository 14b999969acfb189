/// The filters that make or change numbers.

extension Filters {
  static let numbers: [Text: Builtin<Value>] = [
    "abs": Builtin { value, _, _ in
      switch value.number {
      case .int(let number): return .int(number.isNegative ? -number : number)
      case .float(let number): return .float(number.magnitude)
      case nil:
        if case .undefined(let missing) = value { throw missing.error }
        throw ChatTemplateError("bad operand type for abs(): '\(value.typeName)'")
      }
    },
    "int": Builtin("default?", "base?") { value, arguments, _ in
      try int(value, base: arguments.int(1, default: 10)) ?? arguments[0] ?? .int(0)
    },
    "float": Builtin("default?") { value, arguments, _ in
      if case .undefined(let missing) = value { throw missing.error }
      return value.parsedFloat.map { .float($0) } ?? arguments[0] ?? .float(0)
    },
    "round": Builtin("precision?", "method?") { value, arguments, interpreter in
      try rounded(value, arguments, interpreter)
    },
    "filesizeformat": Builtin("binary?") { value, arguments, _ in
      .text(try fileSize(value, binary: arguments.flag(0)))
    },
  ]

  private static func int(_ value: Value, base: Int) throws -> Value? {
    switch value {
    case .undefined(let missing): throw missing.error
    case .string(let text):
      if let number = text.parsedInteger(base: base) { return .int(number) }
    case .float(let number) where number.isInfinite:
      throw ChatTemplateError("cannot convert float infinity to integer")
    default: break
    }
    return value.parsedFloat.flatMap { Integer(truncating: $0) }.map { exact in
      // An int keeps digits that no float has.
      .int(value.integer ?? exact)
    } ?? value.integer.map { .int($0) }
  }

  private static func rounded(_ value: Value, _ arguments: Bound, _ interpreter: Interpreter) throws -> Value
  {
    let places = try arguments.int(0, default: 0)
    let method = arguments[1] == nil ? "common" : try arguments.text(1)
    guard ["common", "ceil", "floor"].contains(method) else {
      throw ChatTemplateError("method must be common, ceil or floor")
    }
    if case .undefined(let missing) = value { throw missing.error }
    guard let number = value.number else {
      throw ChatTemplateError("type \(value.typeName) doesn't define __round__ method")
    }
    if method == "common" {
      switch number {
      case .float(let float): return .float(float.rounded(places: places))
      case .int(let int): return .int(rounded(int, places: places))
      }
    }
    let scale = try interpreter.combine(.int(10), .power, .int(places))
    guard let scaled = try interpreter.combine(value, .multiply, scale).number?.double,
      let whole = Integer(truncating: scaled.rounded(method == "ceil" ? .up : .down))
    else { throw ChatTemplateError("cannot convert float infinity to integer") }
    return try interpreter.combine(.int(whole), .divide, scale)
  }

  /// Half to even, as Python rounds ints to tens, hundreds and so on.
  private static func rounded(_ value: Integer, places: Int) -> Integer {
    guard places < 0 else { return value }
    guard places > -Limits.integerDigits else { return .word(0) }
    let unit = Natural.power(10, -places)
    let (quotient, remainder) = value.magnitude.divided(by: unit)
    let twice = remainder << 1
    let up = twice > unit || twice == unit && quotient.isOdd
    return Integer(negative: value.isNegative, (up ? quotient + Natural(1) : quotient) * unit)
  }

  private static func fileSize(_ value: Value, binary: Bool) throws -> String {
    guard let bytes = value.parsedFloat, bytes.isFinite else {
      throw ChatTemplateError("filesizeformat needs a number, not \(value.typeName)")
    }
    let base: Double = binary ? 1024 : 1000
    if bytes == 1 { return "1 Byte" }
    if bytes < base { return "\(Integer(truncating: bytes) ?? .word(0)) Bytes" }
    var unit = base
    var last = ""
    for prefix in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
      unit *= base
      let amount = base * bytes / unit
      last = amount.fixed(1) + " " + (binary ? Text(prefix).uppercased().string + "iB" : prefix + "B")
      if bytes < unit { break }
    }
    return last
  }
}

extension Value {
  /// `float(value)`; nil where Python raises.
  var parsedFloat: Double? {
    if let number { return number.double }
    guard case .string(let text) = self else { return nil }
    let scalars = Array(text.trimmed().scalars)
    for (index, scalar) in scalars.enumerated() where scalar == "_" {
      guard index > 0, index + 1 < scalars.count, scalars[index - 1].isDecimalDigit,
        scalars[index + 1].isDecimalDigit
      else { return nil }
    }
    let plain = scalars.filter { $0 != "_" }.map { $0.decimalValue.map(String.init) ?? String($0) }.joined()
    let body = Text(plain).lowercased().string.unicodeScalars.drop { $0 == "+" || $0 == "-" }
    let isWord = ["inf", "infinity", "nan"].contains(String(body))
    guard isWord || body.allSatisfy({ ("0"..."9").contains($0) || "e.+-".unicodeScalars.contains($0) }) else {
      return nil
    }
    return Double(plain)
  }
}

extension Text {
  /// `int(text, base)`; nil where Python raises.
  func parsedInteger(base: Int) -> Integer? {
    guard base == 0 || (2...36).contains(base) else { return nil }
    var rest = Array(trimmed().scalars)[...]
    let sign = rest.first == "-" || rest.first == "+" ? rest.popFirst() : nil
    var radix = base
    let prefixes: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]
    var isPrefixed = false
    if rest.first == "0", let mark = rest.dropFirst().first, let named = prefixes[mark],
      base == 0 || base == named
    {
      radix = named
      rest = rest.dropFirst(2)
      isPrefixed = true
      if rest.first == "_" { rest.removeFirst() }
    }
    let isZeroOnly = radix == 0 && !isPrefixed && rest.first == "0"
    if radix == 0 { radix = 10 }
    var digits: [Int] = []
    while let next = rest.popFirst() {
      if next == "_", !digits.isEmpty, let after = rest.first, after != "_" { continue }
      guard let digit = next.decimalValue ?? Text.letterValue(next), digit < radix else { return nil }
      digits.append(digit)
    }
    guard !digits.isEmpty, digits.count <= Limits.integerDigits, !isZeroOnly || digits.allSatisfy({ $0 == 0 })
    else { return nil }
    return Integer(negative: sign == "-", Natural(digits: digits, radix: radix))
  }

  private static func letterValue(_ scalar: Unicode.Scalar) -> Int? {
    switch scalar {
    case "a"..."z": Int(scalar.value) - 87
    case "A"..."Z": Int(scalar.value) - 55
    default: nil
    }
  }
}
