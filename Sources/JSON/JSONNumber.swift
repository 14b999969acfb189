/// A JSON number as it was written, so that writing it back changes nothing.
public struct JSONNumber: Sendable {
  public let literal: String

  init(literal: String) { self.literal = literal }

  public init(_ value: Int) { literal = String(value) }

  /// The number as Python's `repr` spells it: `1.0`, `1e-05`, `0.0003`, `NaN`.
  public init(_ value: Double) { literal = pythonSpelling(of: value) }

  /// Whether the literal has neither a fraction nor an exponent, which makes it an `int` for Python.
  public var isInteger: Bool {
    literal.utf8.allSatisfy { $0 == UInt8(ascii: "-") || isDigit($0) }
  }

  /// The value, if it is whole and fits: `3`, `3.0` and `3e2` do, `3.5`, `1e30` and `NaN` do not.
  public var intValue: Int? { Int(literal) ?? Int(exactly: doubleValue) }

  /// The nearest `Double`; infinite when the number is too large for one.
  public var doubleValue: Double {
    if let value = Double(literal) { return value }
    return literal.utf8.first == UInt8(ascii: "-") ? -Double.infinity : .infinity
  }
}

/// Equality by value where an `Int` or a `Double` tells it exactly: `1` equals `1.0`, and NaN equals NaN.
/// An integer too large for `Int` equals only the same integer.
extension JSONNumber: Hashable {
  private enum Value: Hashable {
    case int(Int)
    case large(String)
    case double(Double)
    case nan
  }

  private var value: Value {
    if let int = Int(literal) { return .int(int) }
    if isInteger { return .large(literal) }
    let double = doubleValue
    if double.isNaN { return .nan }
    return Int(exactly: double).map(Value.int) ?? .double(double)
  }

  public static func == (left: JSONNumber, right: JSONNumber) -> Bool { left.value == right.value }

  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension JSONNumber: CustomStringConvertible {
  public var description: String { literal }
}
