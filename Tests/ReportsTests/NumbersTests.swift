/// Numbers read as people write them.
import Testing

@testable import Reports

@Suite struct NumbersTests {
  @Test(arguments: [
    (950, "950"), (9_214, "9,214"), (9_999, "9,999"), (12_345, "12.3 k"), (999_949, "1.00 M"),
    (999_449, "999 k"),
    (1_234_567, "1.23 M"), (7_241_732_096, "7.24 B"), (-12_345, "-12.3 k"), (0, "0"), (-950, "-950"),
  ])
  func count(value: Int, text: String) { #expect(Numbers.count(value) == text) }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_240_000_000, "1.2 GB"), (12_400_000_000, "12 GB"),
    (850_000_000, "850 MB"), (999_960_000, "1.0 GB"),
  ])
  func bytes(value: Int, text: String) { #expect(Numbers.bytes(value) == text) }

  @Test(arguments: [
    (0, "0 s"), (0.00042, "0.42 ms"), (0.085, "85 ms"), (0.85, "850 ms"), (0.9996, "1.0 s"), (1.26, "1.3 s"),
    (12.4, "12 s"), (59.6, "1m 00s"), (200, "3m 20s"), (3599.7, "1h 00m"), (7_500, "2h 05m"),
    (273_600, "3d 04h"),
    (-1, "–"), (.nan, "–"), (.infinity, "–"),
  ])
  func duration(value: Double, text: String) { #expect(Numbers.duration(value) == text) }

  @Test(arguments: [
    (0, "0"), (2.13456, "2.135"), (2.1, "2.1"), (123_456.7, "123457"), (0.00123456, "0.001235"),
    (0.000012, "1.2e-5"), (-0.5, "-0.5"), (9.99996, "10"), (1e9, "1e9"), (.nan, "nan"), (.infinity, "inf"),
    (-.infinity, "-inf"), (Double.leastNonzeroMagnitude, "4.941e-324"), (1.7976931348623157e308, "1.798e308"),
  ])
  func significant(value: Double, text: String) { #expect(Numbers.significant(value) == text) }

  @Test(arguments: [
    (2e-4, "2e-4"), (1.834e-5, "1.83e-5"), (0.01, "0.01"), (0, "0"), (9.999e-4, "1e-3"), (0.1, "0.1"),
  ])
  func learningRate(value: Double, text: String) { #expect(Numbers.learningRate(value) == text) }

  @Test(arguments: [
    (1.005, 1, "1.0"), (-0.04, 1, "0.0"), (2.5, 0, "3"), (-1.25, 2, "-1.25"), (0.05, 2, "0.05"),
    (1e300, 2, "1e+300"),
  ])
  func fixed(value: Double, places: Int, text: String) { #expect(Numbers.fixed(value, places) == text) }

  @Test(arguments: [(0.125, "12.5%"), (0.00031, "0.031%"), (1, "100%"), (0, "0%"), (.nan, "–")])
  func percent(value: Double, text: String) { #expect(Numbers.percent(value) == text) }

  @Test(arguments: [
    (3.14159, "3.14 tok/s"), (3211.4, "3,211 tok/s"), (45_678, "45.7k tok/s"), (.nan, "– tok/s"),
    (-1, "– tok/s"),
  ])
  func rate(value: Double, text: String) { #expect(Numbers.rate(value, "tok/s") == text) }

  @Test(arguments: [
    (0, "0"), (100, "100"), (20_000, "20 k"), (12_500, "12.5 k"), (1_000_000, "1 M"), (-5e9, "-5 B"),
  ])
  func shortCount(value: Double, text: String) { #expect(Numbers.shortCount(value) == text) }

  @Test func everyDoubleHasSomeSpelling() {
    var random = TestRandom(seed: 7)
    for _ in 0..<2000 {
      let value = Double(bitPattern: random.next())
      let texts = [
        Numbers.significant(value), Numbers.duration(value), Numbers.percent(value), Numbers.rate(value, "x"),
        Numbers.learningRate(value), Numbers.fixed(value, 3), Numbers.compact(value),
        Numbers.shortCount(value),
        Axis.Format.count(value), Axis.Format.bytes(value),
      ]
      #expect(texts.allSatisfy { !$0.isEmpty })
    }
  }
}

/// A small generator, so that a failure can be repeated.
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Ordinary numbers, and now and then one that is hard to draw.
  mutating func nextValue() -> Double {
    switch Int.random(in: 0..<12, using: &self) {
    case 0:
      [.nan, .infinity, -.infinity, 0, -0.0, 1e308, -1e308, Double.leastNonzeroMagnitude].randomElement(
        using: &self) ?? 0
    case 1: Double(bitPattern: next())
    default: Double.random(in: -10...10, using: &self)
    }
  }
}
