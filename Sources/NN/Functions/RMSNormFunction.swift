import Torch

/// How a weight scales what RMS normalization has normalized. In float32 the first two are the same.
public enum RMSNormScaling: Sendable {
  /// In the type of the input (Llama).
  case narrow
  /// In float32, before the result is rounded (OLMo 2).
  case wide
  /// By one plus the weight, in float32 (Gemma).
  case fromOne
}

/// RMS normalization over the last dimension: float32 inside, then `weight` as `scaling` says.
public func rmsNorm(
  _ x: Tensor, weight: Tensor, eps: Double, scaling: RMSNormScaling = .narrow
) throws -> Tensor {
  guard scaling == .narrow || x.dtype == .float32 else {
    return try composedRMSNorm(x, weight: weight, eps: eps, scaling: scaling)
  }
  let weight = scaling == .fromOne ? try weight + 1 : weight
  guard x.isFusable, weight.dtype == x.dtype, !weight.requiresGrad else {
    return try composedRMSNorm(x, weight: weight, eps: eps)
  }
  let (y, inverse) = try withoutGradients { try x.fusedRMSNorm(weight: weight, eps: eps) }
  return try attachGradient(to: y, inputs: [x], saving: [x, inverse]) { gradient, saved in
    [try gradient.fusedRMSNormBackward(input: saved[0], weight: weight, inverse: saved[1])]
  }.recomputable(from: [x]) { try $0[0].fusedRMSNorm(weight: weight, eps: eps).y }
}

/// The definition, operation by operation.
func composedRMSNorm(
  _ x: Tensor, weight: Tensor, eps: Double, scaling: RMSNormScaling = .narrow
) throws -> Tensor {
  let wide = try x.to(dtype: x.dtype.isReducedPrecision ? .float32 : nil)
  let normalized = try wide * (wide.square().mean([-1], keepDim: true) + eps).rsqrt()
  switch scaling {
  case .narrow: return try weight * normalized.to(dtype: x.dtype)
  case .wide: return try (weight.to(dtype: wide.dtype) * normalized).to(dtype: x.dtype)
  case .fromOne: return try ((weight.to(dtype: wide.dtype) + 1) * normalized).to(dtype: x.dtype)
  }
}
