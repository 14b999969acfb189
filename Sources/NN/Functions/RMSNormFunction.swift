import Torch

/// RMS normalization over the last dimension: float32 inside, then `weight` in the input's type.
public func rmsNorm(_ x: Tensor, weight: Tensor, eps: Double) throws -> Tensor {
  guard x.isFusable, weight.dtype == x.dtype, !weight.requiresGrad else {
    return try composedRMSNorm(x, weight: weight, eps: eps)
  }
  let (y, inverse) = try withoutGradients { try x.fusedRMSNorm(weight: weight, eps: eps) }
  return try attachGradient(to: y, inputs: [x], saving: [x, inverse]) { gradient, saved in
    [try gradient.fusedRMSNormBackward(input: saved[0], weight: weight, inverse: saved[1])]
  }.recomputable(from: [x]) { try $0[0].fusedRMSNorm(weight: weight, eps: eps).y }
}

/// The definition, operation by operation.
func composedRMSNorm(_ x: Tensor, weight: Tensor, eps: Double) throws -> Tensor {
  let wide = try x.to(dtype: x.dtype.isReducedPrecision ? .float32 : nil)
  let scale = try (wide.square().mean([-1], keepDim: true) + eps).rsqrt()
  return try weight * (wide * scale).to(dtype: x.dtype)
}
