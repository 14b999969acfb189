/// Brings the caller's JSON into the template's world, as `json.loads` would have.
import JSON

extension Value {
  /// - Throws: `ChatTemplateError` when the value nests too deeply.
  init(_ json: JSONValue, depth: Int = 0) throws {
    _ = try Limits.containerDepth(around: depth)
    switch json {
    case .null: self = .none
    case .bool(let flag): self = .bool(flag)
    case .number(let number): self = try Value(number)
    case .string(let string): self = .text(string)
    case .array(let elements): self = try .list(elements.map { try Value($0, depth: depth + 1) })
    case .object(let object): self = .dict(try Mapping(object, depth: depth + 1))
    }
  }

  /// A number with a fraction or an exponent is a float, any other an int.
  ///
  /// - Throws: `ChatTemplateError` for an int of more digits than Python reads.
  init(_ number: JSONNumber) throws {
    let literal = number.literal
    if !number.isInteger {
      self = .float(number.doubleValue)
    } else {
      guard literal.utf8.count <= Limits.integerDigits else { throw Limits.tooManyDigits }
      let digits = literal.utf8.compactMap { (0x30...0x39).contains($0) ? Int($0) - 0x30 : nil }
      self =
        Int(literal).map { .int($0) }
        ?? .int(Integer(negative: literal.hasPrefix("-"), Natural(digits: digits, radix: 10)))
    }
  }
}

extension Mapping {
  init(_ object: JSONObject, depth: Int = 0) throws {
    self.init()
    for (name, value) in object.members { try set(Text(name), to: Value(value, depth: depth)) }
  }
}
