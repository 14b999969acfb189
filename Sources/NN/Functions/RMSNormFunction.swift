import Torch

/// RMS normalization over the last dimension: float32 inside, then `weight` in the input's type.
public func rmsNorm(_ x: Tensor, weight: Tensor, eps: Double) throws -> Tensor {
  let wide = try x.to(dtype: x.dtype.isReducedPrecision ? .float32 : nil)
  let scale = try (wide.square().mean([-1], keepDim: true) + eps).rsqrt()
  return try weight * (wide * scale).to(dtype: x.dtype)
}
