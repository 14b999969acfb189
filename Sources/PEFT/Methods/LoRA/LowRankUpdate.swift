import NN
import Torch

/// How a product s B A joins a layer, whatever A and B are made of: matrices [r, inputs] and [outputs, r], or for a
/// convolution also convolutions themselves.
struct LowRankUpdate {
  /// alpha / r, or what stands for it.
  private let ownScale: Double
  /// Multiplies the scale at run time.
  var factor = 1.0
  /// Of the update's input, in training; an embedding's input has none.
  let dropout: Double

  init(scale: Double, dropout: Double) { (ownScale, self.dropout) = (scale, dropout) }

  var scale: Double { ownScale * factor }

  func forward(_ x: Tensor, through base: AdapterBase, a: Tensor, b: Tensor) throws -> Tensor {
    try adding(to: base.output(x), x, base.layer, a: a, b: b)
  }

  /// The update on top of `y`.
  func adding(to y: Tensor, _ x: Tensor, _ layer: any AdaptableLayer, a: Tensor, b: Tensor) throws -> Tensor {
    let rate = layer.mode.isTraining && x.dtype.isFloatingPoint ? dropout : 0
    return try y.adding(product(x.dropout(rate), of: layer, a, b, y.dtype), scale: scale)
  }

  /// The same on a bare layer, as one step.
  func term(for layer: any AdaptableLayer, a: Tensor, b: Tensor) -> ProductTerm {
    let rate = layer.mode.isTraining ? dropout : 0
    return ProductTerm(
      weight: layer.weight, bias: layer.bias?.tensor,
      update: LowRankFactors(a: a, b: b, scale: scale, dropout: rate))
  }

  /// What B A alone makes of the layer's input, in `dtype`.
  func product(
    _ x: Tensor, of layer: any AdaptableLayer, _ a: Tensor, _ b: Tensor, _ dtype: DType
  ) throws -> Tensor {
    let (a, b) = (try a.to(dtype: dtype), try b.to(dtype: dtype))
    switch layer.kind {
    case .convolution(_, let inputs, _): return try convolved(x, layer, a, b, inputs: inputs)
    case .embedding:
      let (padding, scale) = ((layer as? Embedding)?.padding, (layer as? Embedding)?.scale ?? 1)
      let rows = try a.t().embedding(x, padding: padding).linear(b)
      return scale == 1 ? rows : try rows * scale
    case .linear, .transposedLinear, .norm, .parameter: return try x.linear(a).linear(b)
    }
  }

  /// A moves over the input as the layer's own filters do; B then mixes the r channels at each place.
  private func convolved(
    _ x: Tensor, _ layer: any AdaptableLayer, _ a: Tensor, _ b: Tensor, inputs: Int
  ) throws -> Tensor {
    let (kernel, rank) = (layer.kernel, a.shape[0])
    let filters = try a.reshaped([rank, inputs] + kernel)
    let h = try layer.output(x, weight: Parameter(name: layer.name, tensor: filters), bias: nil)
    let ones = kernel.map { _ in 1 }
    let mixing = b.rank > 2 ? b : try b.reshaped(b.shape + ones)
    let isSingle = h.rank == kernel.count + 1
    let y = try (isSingle ? h.unsqueezed(0) : h).convolution(
      mixing, bias: nil, stride: ones, padding: kernel.map { _ in 0 }, dilation: ones,
      groups: rank / mixing.shape[1])
    return isSingle ? try y.squeezed(0) : y
  }

  func fold(a: Tensor, b: Tensor, into folding: inout Folding) throws {
    let layer = folding.layer
    let update = try layer.weight(fromMatrix: layer.outputMatrix(b).mm(layer.inputMatrix(a)))
    folding.weight = try layer.ungrouped(folding.weight).adding(update, scale: scale)
  }
}
