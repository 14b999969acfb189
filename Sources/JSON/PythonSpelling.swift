/// Doubles spelled as Python's `repr` and `json` spell them.

/// The shortest digits that read back as `value`, laid out as Python lays them out: an exponent only
/// below 1e-4 and from 1e16 on, of at least two digits.
func pythonSpelling(of value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
  let (digits, exponent) = shortestDigits(of: value.magnitude)
  let sign = value.sign == .minus ? "-" : ""
  guard (-4..<16).contains(exponent) else {
    let mantissa = digits.count == 1 ? digits : digits.prefix(1) + "." + digits.dropFirst()
    let magnitude = String(exponent.magnitude)
    return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (magnitude.count < 2 ? "0" : "") + magnitude
  }
  if exponent < 0 {
    return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits
  }
  let whole = digits.prefix(exponent + 1)
  let fraction = digits.dropFirst(exponent + 1)
  let zeros = String(repeating: "0", count: exponent + 1 - whole.count)
  return sign + whole + zeros + "." + (fraction.isEmpty ? "0" : fraction)
}

/// The digits of a finite, non-negative `value` without surrounding zeros, and the power of ten of the
/// first one. Swift's own description finds the same shortest digits; only its layout differs.
private func shortestDigits(of value: Double) -> (digits: String, exponent: Int) {
  let parts = value.description.split(separator: "e")
  let mantissa = parts.first ?? "0"
  let whole = mantissa.prefix { $0 != "." }
  let all = whole + mantissa.dropFirst(whole.count + 1)
  let leadingZeros = all.prefix { $0 == "0" }.count
  guard leadingZeros < all.count else { return ("0", 0) }
  var digits = all.dropFirst(leadingZeros)
  while digits.last == "0" { digits.removeLast() }
  let written = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
  return (String(digits), written + whole.count - 1 - leadingZeros)
}
