import Testing

@testable import JSON

@Suite("Numbers")
struct NumberTests {
  @Test(
    "The literal is kept, and read as an integer only where it is one",
    arguments: [
      ("0", 0, true), ("-0", 0, true), ("-0.0", 0, false), ("3.0", 3, false), ("3e2", 300, false),
      ("3.5", nil, false), ("9223372036854775807", .max, true), ("-9223372036854775808", .min, true),
      ("9223372036854775808", nil, true), ("9223372036854775808.0", nil, false),
      ("123456789012345678901234567890", nil, true), ("1e400", nil, false), ("-1e400", nil, false),
      ("NaN", nil, false), ("-Infinity", nil, false), ("1E-2", nil, false),
    ] as [(String, Int?, Bool)])
  func integers(literal: String, value: Int?, isInteger: Bool) throws {
    let number = try #require(try JSONValue.parse(literal).numberValue)
    #expect(number.literal == literal)
    #expect(number.intValue == value)
    #expect(number.isInteger == isInteger)
    #expect(JSONValue.number(number).serialized() == literal)
  }

  @Test("The double is the nearest one, infinite beyond the range")
  func doubles() throws {
    func double(_ text: String) throws -> Double? { try JSONValue.parse(text).doubleValue }
    #expect(try double("1e400") == .infinity)
    #expect(try double("-1e400") == -.infinity)
    #expect(try double("1e-400") == 0)
    #expect(try double("-Infinity") == -.infinity)
    #expect(try double("NaN")?.isNaN == true)
    #expect(try double("0.1") == 0.1)
    #expect(try double("123456789012345678901234567890") == 1.2345678901234568e29)
    #expect(try double("1e99999999999999999999") == .infinity)
  }

  @Test("Equal values are equal numbers, and hash alike")
  func equality() throws {
    func number(_ text: String) throws -> JSONNumber { try #require(try JSONValue.parse(text).numberValue) }
    for (left, right) in [("1", "1.0"), ("0", "-0.0"), ("1e2", "100"), ("NaN", "NaN"), ("0.5", "5e-1")] {
      #expect(try number(left) == number(right))
      #expect(try number(left).hashValue == number(right).hashValue)
    }
    let large = "100000000000000000000000"
    for (left, right) in [("1", "2"), ("1", "1.5"), (large + "0", large + "1"), ("NaN", "0")] {
      #expect(try number(left) != number(right))
    }
  }

  @Test("Any double reads back from its spelling")
  func roundTrip() throws {
    var random = SplitMix(state: 7)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      #expect(JSONNumber(value).doubleValue.bitPattern == value.bitPattern)
      #expect(
        try JSONValue.parse(JSONNumber(value).literal).numberValue?.literal == JSONNumber(value).literal)
    }
  }
}

/// A small seeded generator, so that a failing trial can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
