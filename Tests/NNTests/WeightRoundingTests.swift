import NN
import Testing
import Torch

/// Weights rounded to few bits.
struct WeightRoundingTests {
  private static let values = FourBitCode.nf4.values

  private func random(_ shape: [Int], seed: UInt64 = 1) throws -> Tensor {
    try Tensor.randn(shape, generator: Generator(seed: seed))
  }

  @Test func theSixteenValuesStayWhatTheyAre() throws {
    let values = try Tensor(Self.values + Self.values + Self.values + Self.values, shape: [4, 16]) * 3
    #expect(try NF4().rounded(values).relativeError(to: values) < 1e-7)
  }

  /// Each element goes to the nearest of the values of its block.
  @Test(arguments: [[3, 64], [5, 7], [1, 130]])
  func everyElementGoesToTheNearestValue(shape: [Int]) throws {
    let weight = try random(shape)
    let rounded = try NF4().rounded(weight).array(of: Float.self)
    let flat = try weight.array(of: Float.self)
    for start in stride(from: 0, to: flat.count, by: 64) {
      let block = start..<min(start + 64, flat.count)
      let scale = flat[block].map(abs).max() ?? 0
      for index in block {
        let best = Self.values.map { abs($0 * scale - flat[index]) }.min() ?? 0
        #expect(abs(rounded[index] - flat[index]) <= best + 1e-6)
      }
    }
  }

  @Test func eightBitsRoundRowByRow() throws {
    let weight = try Tensor([0.5, -1.27, 0.004, 2, 0, -254] as [Float], shape: [2, 3])
    let rounded = try Int8Rows().rounded(weight).array(of: Float.self)
    for (value, right) in zip(rounded, [0.5, -1.27, 0, 2, 0, -254] as [Float]) {
      #expect(abs(value - right) < 1e-5)
    }
  }

  @Test func rowsOfZerosStayZero() throws {
    let zeros = try Tensor.zeros([2, 64])
    #expect(try NF4().rounded(zeros).isIdentical(to: zeros))
    #expect(try Int8Rows().rounded(zeros).isIdentical(to: zeros))
  }
}
