import Foundation
import Torch

/// Positions as a bias on the scores: the further back a key, the less it counts, for each head to its own degree.
///
/// What is added depends on the key alone: within the row of a query, the softmax takes away what they share.
/// Source: Press et al. 2022, "Train Short, Test Long: Attention with Linear Biases Enables Input Length Extrapolation".
struct ALiBi: Sendable {
  let headCount: Int
  /// Multiplies all biases.
  var scale = 1.0
  /// Whether biases are rounded to bfloat16, whatever the type of the model (Falcon).
  var rounds = false

  /// The powers of 2^(-8 / n) for the n heads up to a power of two; those of the root of it, every other one, for the rest.
  var slopes: [Float] {
    let whole = 1 << (Int.bitWidth - 1 - headCount.leadingZeroBitCount)
    let base = pow(2, -8 / Double(whole))
    return (0..<headCount).map { head in
      Float(
        head < whole ? pow(base, Double(head + 1)) : pow(base.squareRoot(), Double(2 * (head - whole) + 1)))
    }
  }

  /// - Parameter keys: the place of each key in its text, int64 [batch or 1, keys].
  /// - Returns: [batch or 1, heads, 1, keys].
  func biases(_ keys: Tensor, dtype: DType) throws -> Tensor {
    let slopes = try Tensor(slopes).to(device: keys.device).reshaped([1, headCount, 1, 1])
    let type: DType = rounds ? .bfloat16 : .float32
    let places = try keys.to(dtype: type).unsqueezed(1).unsqueezed(1)
    let biases = try (places * slopes.to(dtype: type)).to(dtype: dtype)
    return scale == 1 ? biases : try biases * scale
  }
}
