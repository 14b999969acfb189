import JSON
import Testing

@testable import ChatTemplates

/// Arithmetic beyond machine words, and decimal forms of floats.
struct NumberTests {
  @Test("divides what it multiplies", arguments: 0..<200)
  func division(seed: Int) {
    var generator = SystemRandomNumberGenerator()
    func random(_ limbs: Int) -> Natural {
      Natural(
        limbs: (0..<limbs).map { _ in
          Bool.random() ? .random(in: 0 ... .max) : [0, .max, 1 << 31].randomElement() ?? 0
        })
    }
    let divisor = random(Int.random(in: 1...6, using: &generator)) + Natural(1)
    let quotient = random(Int.random(in: 0...6, using: &generator))
    let remainder = random(3).divided(by: divisor).remainder
    let (q, r) = (quotient * divisor + remainder).divided(by: divisor)
    #expect(q == quotient)
    #expect(r == remainder)
    #expect((quotient << 77).shiftedRight(77) == quotient)
    #expect(quotient + divisor - divisor == quotient)
  }

  @Test(
    "reads and prints ints of any size",
    arguments: [
      "0", "-1", "9223372036854775808", "-9223372036854775808", "1" + String(repeating: "0", count: 100),
    ])
  func digits(literal: String) throws {
    #expect(try render("{{ x }}", variables: ["x": JSONValue.parse(literal)]) == literal)
  }

  @Test("agrees with the shortest form that reads back", arguments: 0..<2000)
  func shortest(seed: Int) throws {
    let value = Double(bitPattern: .random(in: 0 ... .max))
    guard value.isFinite else { return }
    let printed = value.represented
    #expect(Double(printed) == value)
    #expect(Double(value.magnitude.scientific(16)) == value.magnitude)
  }
}
