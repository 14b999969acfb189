import Torch

/// Eight-bit whole numbers, each row divided by its largest magnitude.
///
/// Source: Dettmers et al. 2022, "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", section 2.1.
public struct Int8Rows: WeightRounding {
  public init() {}

  public func rounded(_ weight: Tensor) throws -> Tensor {
    let weight = try weight.detached().to(dtype: .float32)
    let scales = try weight.abs().amax([-1], keepDim: true) / 127
    return try (weight / scales.maskedFill(scales.equal(0), 1)).round() * scales
  }
}
