/// Decimal forms of floats: the shortest that reads back (Python's `repr`), and exact ones rounded half to even
/// (`round`, `%.2f`), computed on whole numbers so that every platform prints the same.

extension Double {
  /// Python's `repr(float)`.
  var represented: String {
    if isNaN { return "nan" }
    if isInfinite { return self < 0 ? "-inf" : "inf" }
    // Swift also prints the shortest digits that read back; only their layout differs.
    var digits: [UInt8] = []
    var point: Int?
    var exponent = 0
    for (index, byte) in description.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte)
      case UInt8(ascii: "."): point = digits.count
      case UInt8(ascii: "e"): exponent = Int(description.utf8.dropFirst(index + 1).signedNumber) ?? 0
      default: break
      }
      if exponent != 0 || byte == UInt8(ascii: "e") { break }
    }
    let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    let place = (point ?? digits.count) - leadingZeros + exponent
    var significant = Array(digits.dropFirst(leadingZeros))
    while significant.last == UInt8(ascii: "0") { significant.removeLast() }
    let sign = self.sign == .minus ? "-" : ""
    if significant.isEmpty { return sign + "0.0" }
    let text = String(decoding: significant, as: UTF8.self)
    if place > 16 || place < -3 {
      let mantissa = significant.count == 1 ? text : text.prefix(1) + "." + text.dropFirst()
      return sign + mantissa + Double.exponentSuffix(place - 1)
    }
    if place <= 0 { return sign + "0." + String(repeating: "0", count: -place) + text }
    if place >= significant.count {
      return sign + text + String(repeating: "0", count: place - significant.count) + ".0"
    }
    return sign + text.prefix(place) + "." + text.dropFirst(place)
  }

  static func exponentSuffix(_ exponent: Int) -> String {
    "e" + (exponent < 0 ? "-" : "+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
  }

  /// The magnitude times 10^`places`, rounded half to even; for a finite float.
  func scaled(by places: Int) -> Natural {
    let biased = exponentBitPattern
    let significand = significandBitPattern | (biased == 0 ? 0 : 1 << 52)
    let exponent = Int(biased == 0 ? 1 : biased) - 1075
    var numerator = Natural(UInt(significand))
    var denominator = Natural(1)
    if exponent >= 0 { numerator = numerator << exponent } else { denominator = denominator << -exponent }
    if places >= 0 {
      numerator = numerator * .power(10, places)
    } else {
      denominator = denominator * .power(10, -places)
    }
    let (quotient, remainder) = numerator.divided(by: denominator)
    let twice = remainder << 1
    let up = twice > denominator || (twice == denominator && quotient.isOdd)
    return up ? quotient + Natural(1) : quotient
  }

  /// The magnitude with `places` digits after the point, as `%.*f` prints it.
  func fixed(_ places: Int) -> String {
    var digits = scaled(by: places).digits()
    if places == 0 { return digits }
    if digits.utf8.count <= places {
      digits = String(repeating: "0", count: places + 1 - digits.utf8.count) + digits
    }
    return digits.dropLast(places) + "." + digits.suffix(places)
  }

  /// The magnitude's first `count` significant digits, and the power of ten of the first.
  func significant(_ count: Int) -> (digits: String, exponent: Int) {
    if self == 0 { return (String(repeating: "0", count: count), 0) }
    var exponent = Int(represented.decimalExponent)
    var digits = scaled(by: count - 1 - exponent).digits()
    if digits.utf8.count > count {
      exponent += 1
      digits = scaled(by: count - 1 - exponent).digits()
    }
    return (digits, exponent)
  }

  /// Python's `round(value, places)`.
  func rounded(places: Int) -> Double {
    // Beyond these there is nothing to round, or nothing left.
    guard isFinite, self != 0, places < 324 else { return self }
    guard places > -310 else { return self < 0 ? -0.0 : 0 }
    let magnitude = Double("\(scaled(by: places).digits())e\(-places)") ?? .infinity
    return self < 0 ? -magnitude : magnitude
  }
}

extension String {
  /// The power of ten of the first significant digit of a float's representation.
  fileprivate var decimalExponent: Int {
    let body = utf8.drop { $0 == UInt8(ascii: "-") }
    let mantissa = body.prefix { $0 != UInt8(ascii: "e") }
    let written = Int(body.dropFirst(mantissa.count + 1).signedNumber) ?? 0
    let whole = mantissa.prefix { $0 != UInt8(ascii: ".") }
    if whole.first != UInt8(ascii: "0") { return written + whole.count - 1 }
    return written - 1 - mantissa.dropFirst(whole.count + 1).prefix { $0 == UInt8(ascii: "0") }.count
  }
}

extension Sequence<UInt8> {
  fileprivate var signedNumber: String {
    String(decoding: filter { $0 != UInt8(ascii: "+") }, as: UTF8.self)
  }
}
