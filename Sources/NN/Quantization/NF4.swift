import Torch

/// Rounding to four-bit normal floats in blocks of 64; see ``FourBitCode/nf4``.
public struct NF4: WeightRounding {
  public init() {}

  public func rounded(_ weight: Tensor) throws -> Tensor {
    let matrix = try weight.to(dtype: .float32).reshaped([1, -1])
    return try FourBitWeight(matrix, code: .nf4, nestsScales: false).dense(.float32).reshaped(weight.shape)
  }
}
