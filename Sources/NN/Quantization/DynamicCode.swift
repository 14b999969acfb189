import Foundation
import Torch

/// 256 values in [-1, 1] that lie the closer the smaller they are: a sign, a decimal exponent of as many bits as it
/// needs, and a linear fraction of the rest.
///
/// Source: Dettmers 2016, "8-Bit Approximations for Parallelism in Deep Learning", section 2.3.
enum DynamicCode {
  /// Ascending; as bitsandbytes has them, to the bit.
  static func values() throws -> Tensor {
    var values: [Double] = [0, 1]
    for exponent in 0..<7 {
      let ends = try Tensor.linspace(0.1, 1, count: (1 << exponent) + 1)
      let count = 1 << exponent
      let means = try (ends.slice(0, 0..<count) + ends.slice(0, 1..<(count + 1))) / 2
      // The power is rounded to float32 when it meets them, as in the original.
      let scaled = try (means * pow(10, Double(exponent - 6))).array(of: Float.self).map(Double.init)
      values += scaled + scaled.map { -$0 }
    }
    return try Tensor(values.sorted().map(Float.init))
  }

  /// Codes (uint8) of float32 values in blocks of `blockSize`, and the largest magnitude of each block.
  ///
  /// Nearest is what a table of 65536 places from -1 to 1 says is nearest, as bitsandbytes' program for the CPU has it;
  /// it differs where a value lies within a place of the middle of two.
  static func encode(_ flat: Tensor, blockSize: Int, values: Tensor) throws -> (codes: Tensor, scales: Tensor)
  {
    let count = flat.count
    let excess = count % blockSize
    let blocks = try (excess == 0 ? flat : flat.padded([0, blockSize - excess])).reshaped([-1, blockSize])
    let scales = try blocks.abs().amax([1], keepDim: true)
    let isZero = try scales.equal(0)
    let unit = try blocks / scales.maskedFill(isZero, 1)
    let middles = try (values.slice(0, 0..<255) + values.slice(0, 1..<256)) / 2
    // A block of zeros has the first code everywhere, as in bitsandbytes; its scale makes it zero.
    let places = try ((unit + 1) * 0.5 * 65535 + 0.5).floor()
    let codes = try (places * 2 / 65535 - 1).bucketized(middles).maskedFill(isZero, 0).to(dtype: .uint8)
    return (try codes.flattened().slice(0, 0..<count).contiguous(), try scales.flattened())
  }
}
