/// Numbers as people read them: `1.23 M`, `3m 20s`, `1.2 GB`, `2e-4`; the same in every locale.
import Foundation

public enum Numbers {
  /// What stands where a number is missing, infinite or not a number.
  static let nothing = "–"

  /// `value` with exactly `places` digits after the point.
  public static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let places = min(max(places, 0), 15)
    let scale = pow(10, Double(places))
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let digits = String(Int64(scaled))
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + padded }
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }

  /// `value` with at most two digits after the point, and zero for what is not a number.
  static func compact(_ value: Double) -> String {
    value.isFinite ? trimmed(fixed(value, 2)) : "0"
  }

  /// `value` rounded to `digits` significant digits, without trailing zeros; powers of ten only where they help.
  public static func significant(_ value: Double, _ digits: Int = 4) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : fixed(value, 0) }
    let exponent = decimalExponent(value, digits: digits)
    guard (-3..<7).contains(exponent) else { return scientific(value, digits) }
    return trimmed(fixed(value, max(0, digits - 1 - exponent)))
  }

  /// `value` as `1.5e-4`.
  public static func scientific(_ value: Double, _ digits: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : fixed(value, 0) }
    let exponent = decimalExponent(value, digits: digits)
    // Two steps, because 10 to the power of -320 is not a normal number.
    let mantissa = value / pow(10, Double(exponent / 2)) / pow(10, Double(exponent - exponent / 2))
    return "\(trimmed(fixed(mantissa, digits - 1)))e\(exponent)"
  }

  /// A learning rate: `2e-4`, `1.83e-5`, `0.01`.
  public static func learningRate(_ value: Double) -> String {
    value.magnitude >= 0.01 ? significant(value, 3) : scientific(value, 3)
  }

  /// A count: `950`, `9,214`, `12.3 k`, `1.23 M`, `7.24 B`.
  public static func count(_ value: Int) -> String {
    guard value.magnitude >= 10_000 else { return grouped(value) }
    return scaled(Double(value), units: ["", " k", " M", " B", " T"], base: 1000, digits: 3)
  }

  /// A count as an axis labels it, without digits that say nothing: `20 k`, `12.5 k`, `1 M`.
  static func shortCount(_ value: Double) -> String {
    let units = ["", " k", " M", " B", " T"]
    let index = value == 0 ? 0 : min(max(decimalExponent(value, digits: 4) / 3, 0), units.count - 1)
    return significant(value / pow(1000, Double(index)), 4) + units[index]
  }

  /// All digits of a count, in groups of three: `1,234,567`.
  public static func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// A size in memory or on disk, in powers of 1000: `512 B`, `8.4 MB`, `1.2 GB`.
  public static func bytes(_ value: Int) -> String {
    guard value.magnitude >= 1000 else { return "\(value) B" }
    let units = [" B", " kB", " MB", " GB", " TB", " PB", " EB"]
    return scaled(Double(value), units: units, base: 1000, digits: 2)
  }

  /// A rate: `3.42 k/s` of whatever `unit` says, for instance `tok/s`.
  public static func rate(_ value: Double, _ unit: String) -> String {
    guard value.isFinite, value >= 0 else { return "\(nothing) \(unit)" }
    if value < 100 { return "\(significant(value, 3)) \(unit)" }
    if value < 10_000 { return "\(grouped(Int(value.rounded()))) \(unit)" }
    return "\(scaled(value, units: ["", "k", "M", "B", "T"], base: 1000, digits: 3)) \(unit)"
  }

  /// A share of one: `12.5%`, `0.031%`.
  public static func percent(_ share: Double) -> String {
    guard share.isFinite else { return nothing }
    return "\(significant(share * 100, share.magnitude < 0.1 ? 2 : 3))%"
  }

  /// A length of time: `85 ms`, `12.3 s`, `3m 20s`, `2h 05m`, `3d 04h`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return nothing }
    if seconds == 0 { return "0 s" }
    if seconds < 0.0995 { return "\(significant(seconds * 1000, 2)) ms" }
    if seconds < 0.9995 { return "\(significant(seconds * 1000, 3)) ms" }
    if seconds < 9.95 { return "\(fixed(seconds, 1)) s" }
    let whole = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60)m \(two(whole % 60))s" }
    if whole < 86_400 { return "\(whole / 3600)h \(two(whole % 3600 / 60))m" }
    return "\(whole / 86_400)d \(two(whole % 86_400 / 3600))h"
  }

  /// The power of ten of `value` once it is rounded to `digits` digits: 9.999 has exponent 1 at three digits.
  private static func decimalExponent(_ value: Double, digits: Int) -> Int {
    let exponent = Int(log10(value.magnitude).rounded(.down))
    let leading = value.magnitude / pow(10, Double(exponent / 2)) / pow(10, Double(exponent - exponent / 2))
    let unit = pow(10, Double(digits - 1))
    if (leading * unit).rounded() >= 10 * unit { return exponent + 1 }
    return (leading * unit).rounded() < unit ? exponent - 1 : exponent
  }

  private static func scaled(_ value: Double, units: [String], base: Double, digits: Int) -> String {
    var value = value
    var index = 0
    // Half a unit in the last shown place below the base already reads as the next unit.
    while value.magnitude >= base * (1 - 0.5 * pow(10, -3)), index < units.count - 1 {
      value /= base
      index += 1
    }
    let whole = value.magnitude >= 100 ? 3 : value.magnitude >= 10 ? 2 : 1
    return fixed(value, max(0, digits - whole)) + units[index]
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = Substring(text)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return String(text)
  }
}
