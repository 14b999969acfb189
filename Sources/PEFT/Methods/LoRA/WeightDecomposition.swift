import NN
import Torch

/// Rows of W + s B A scaled to a trained magnitude m, whatever A and B are made of.
///
/// f = m / ||W + s B A|| by rows, where the norm is a constant for the backward pass;
/// y = f (x W^T + s x A^T B^T) + bias. With dropout in training the unscaled part keeps the input as it is, which
/// costs a second base product: y = x W^T + bias + (f - 1) x' W^T + f s x' A^T B^T, x' = dropout(x).
final class WeightDecomposition {
  /// [out], or [1, out, 1...] for a convolution; float32.
  let magnitude: AdapterParameter
  private var update: LowRankUpdate
  private let rows: RowNorms

  init(_ layer: any AdaptableLayer, _ update: LowRankUpdate) throws {
    self.update = update
    rows = try RowNorms(layer)
    let kernel = layer.kernel
    let shape = try (kernel.isEmpty ? [] : [1]) + [layer.linearSizes().outputs] + kernel.map { _ in 1 }
    magnitude = AdapterParameter("lora_magnitude_vector", try .ones(shape, device: layer.weight.device))
  }

  /// See ``ScalableAdapter``.
  var factor: Double {
    get { update.factor }
    set { update.factor = newValue }
  }

  /// Begins where the adapted rows have their own norms, so that nothing changes.
  func start(at norm: Tensor) throws {
    try withoutGradients { _ = try magnitude.tensor.copy_(norm.reshaped(magnitude.tensor.shape)) }
  }

  /// m / ||W + s B A||: [out], float32.
  private func scales(_ norm: Tensor) throws -> Tensor { try ratio(magnitude.tensor.flattened(), to: norm) }

  /// ||W + s B A|| by rows.
  ///
  /// - Parameter crossed: W A^T, where it is known already.
  func norm(of layer: any AdaptableLayer, a: Tensor, b: Tensor, crossed: Tensor? = nil) throws -> Tensor {
    try rows.adapted(layer, a: a, b: b, scale: update.scale, crossed: crossed)
  }

  /// ||W|| by rows.
  func norm(of layer: any AdaptableLayer) throws -> Tensor { try rows.bare(layer) }

  func forward(
    _ x: Tensor, through base: AdapterBase, a: Tensor, b: Tensor, norm: Tensor
  ) throws -> Tensor {
    let (layer, drops) = (base.layer, base.layer.mode.isTraining && update.dropout > 0)
    let bias = try layer.bias.map { try layer.alongOutputs($0.tensor) }
    let factor = try layer.alongOutputs(scales(norm).to(dtype: x.dtype))
    let whole = try base.output(x)
    let input = try drops ? x.dropout(update.dropout) : x
    let unbiased =
      try drops ? layer.output(input, weight: layer.weight, bias: nil) : bias.map { try whole - $0 } ?? whole
    return try whole + (factor - 1) * unbiased + factor
      * (update.product(input, of: layer, a, b, x.dtype) * update.scale)
  }

  /// Whether the whole output is one low-rank product, scaled: not with dropout in training.
  func isLowRankNow(for layer: any AdaptableLayer) -> Bool { update.dropout == 0 || !layer.mode.isTraining }

  func fuses(_ base: AdapterBase) -> Bool { base.isFusable && isLowRankNow(for: base.layer) }

  /// The product before its rows are scaled; the bias is not scaled and comes after.
  func term(for layer: any AdaptableLayer, a: Tensor, b: Tensor) -> ProductTerm {
    ProductTerm(weight: layer.weight, bias: nil, update: LowRankFactors(a: a, b: b, scale: update.scale))
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer, norm: Tensor) throws -> Tensor {
    try scaledColumns(product, by: scales(norm), plus: layer.bias?.tensor)
  }

  func fold(a: Tensor, b: Tensor, norm: Tensor, into folding: inout Folding) throws {
    try update.fold(a: a, b: b, into: &folding)
    try scaleRows(of: &folding, norm: norm)
  }

  /// f times the rows of a weight that is being merged.
  func scaleRows(of folding: inout Folding, norm: Tensor) throws {
    folding.weight = try folding.weight * folding.layer.alongRows(scales(norm))
  }

  /// f times an output without its bias.
  func scaled(_ y: Tensor, of layer: any AdaptableLayer, norm: Tensor) throws -> Tensor {
    let factor = try layer.alongOutputs(scales(norm).to(dtype: y.dtype))
    guard let bias = try layer.bias.map({ try layer.alongOutputs($0.tensor) }) else { return try y * factor }
    return try (y - bias) * factor + bias
  }
}

/// magnitude / norm, one where the norm is zero: a row of nothing has no direction, and must not give NaN.
func ratio(_ magnitude: Tensor, to norm: Tensor) throws -> Tensor {
  let isZero = try norm.equal(0)
  return try (magnitude / norm.maskedFill(isZero, 1)).maskedFill(isZero, 1)
}

/// y f + bias by columns; f float32.
func scaledColumns(_ y: Tensor, by factor: Tensor, plus bias: Tensor?) throws -> Tensor {
  guard y.isFusable, bias?.requiresGrad != true else {
    let scaled = try y * factor.to(dtype: y.dtype)
    return try bias.map { try scaled + $0 } ?? scaled
  }
  let result = try withoutGradients {
    try y.fusedColumnScale(factor, bias: bias?.to(dtype: .float32))
  }
  return try attachGradient(to: result, inputs: [y, factor], saving: [y, factor]) { gradient, saved in
    let (first, second) = try gradient.fusedColumnScaleBackward(input: saved[0], factor: saved[1])
    return [first, second]
  }
}
