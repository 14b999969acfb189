/// The attributes of Python's `int` and `float`.
enum NumberMethods {
  static func attribute(_ name: Text, of number: Number) -> Value? {
    switch (name, number) {
    case ("real", _): return number.value
    case ("imag", .int): return .int(0)
    case ("imag", .float): return .float(0)
    case ("numerator", .int): return number.value
    case ("denominator", .int): return .int(1)
    case ("conjugate", _): return function("conjugate") { number.value }
    case ("bit_length", .int(let value)):
      return function("bit_length") { .int(value.magnitude.bitWidth) }
    case ("bit_count", .int(let value)):
      return function("bit_count") {
        .int(value.magnitude.limbs.reduce(0) { $0 + $1.nonzeroBitCount })
      }
    case ("as_integer_ratio", _):
      return function("as_integer_ratio") {
        let (numerator, denominator) = try ratio(number)
        return try .tuple([.int(numerator), .int(denominator)])
      }
    case ("hex", .float(let value)): return function("hex") { .text(hexadecimal(value)) }
    case ("is_integer", .float(let value)):
      return function("is_integer") { .bool(value.isFinite && value.rounded() == value) }
    default: return nil
    }
  }

  private static func function(_ name: String, _ result: @escaping () throws -> Value) -> Value {
    .function(
      NativeFunction(name) { arguments, _ in
        guard arguments.positional.isEmpty, arguments.named.isEmpty else {
          throw ChatTemplateError("\(name)() takes no arguments")
        }
        return try result()
      })
  }

  /// The fraction in lowest terms that a number is.
  private static func ratio(_ number: Number) throws -> (Integer, Integer) {
    guard case .float(let value) = number else { return (number.truncated ?? .word(0), .word(1)) }
    guard value.isFinite else {
      let kind = value.isNaN ? "NaN" : "Infinity"
      throw ChatTemplateError("cannot convert \(kind) to integer ratio")
    }
    if value == 0 { return (.word(0), .word(1)) }
    let unit = max(value.exponent, Double.leastNormalMagnitude.exponent) - Double.significandBitCount
    let shift = Int(unit) + value.significandTrailingZeros
    let odd = Natural(UInt(value.significandWord >> value.significandTrailingZeros))
    let numerator = Integer(negative: value < 0, shift > 0 ? odd << shift : odd)
    return (numerator, Integer(negative: false, shift < 0 ? Natural(1) << -shift : Natural(1)))
  }

  private static func hexadecimal(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    let sign = value.sign == .minus ? "-" : ""
    if value.isInfinite { return sign + "inf" }
    if value == 0 { return sign + "0x0.0p+0" }
    let digits = String(value.significandBitPattern, radix: 16)
    let exponent = max(value.exponent, Double.leastNormalMagnitude.exponent)
    return sign + (value.isNormal ? "0x1." : "0x0.") + String(repeating: "0", count: 13 - digits.utf8.count)
      + digits + "p" + (exponent < 0 ? "" : "+") + String(exponent)
  }
}

extension Double {
  /// The significand as a whole number, its hidden bit included.
  fileprivate var significandWord: UInt64 {
    significandBitPattern | (isNormal ? 1 << UInt64(Self.significandBitCount) : 0)
  }

  fileprivate var significandTrailingZeros: Int { significandWord.trailingZeroBitCount }
}
