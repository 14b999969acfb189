import NN
import Torch

/// How a product s B A joins a linear layer, whatever A [r, in] and B [out, r] are made of.
struct LowRankUpdate {
  let scale: Double
  /// Of the update's input, in training.
  let dropout: Double

  func forward(_ x: Tensor, through base: AdapterBase, a: Tensor, b: Tensor) throws -> Tensor {
    let rate = base.layer.mode.isTraining ? dropout : 0
    return try base.output(x).adding(product(x.dropout(rate), a, b), scale: scale)
  }

  /// The same on a bare layer, as one step.
  func term(for layer: any AdaptableLayer, a: Tensor, b: Tensor) -> ProductTerm {
    let rate = layer.mode.isTraining ? dropout : 0
    return ProductTerm(
      weight: layer.weight, bias: layer.bias?.tensor,
      update: LowRankFactors(a: a, b: b, scale: scale, dropout: rate))
  }

  /// x A^T B^T.
  func product(_ x: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    try x.linear(a.to(dtype: x.dtype)).linear(b.to(dtype: x.dtype))
  }

  func fold(a: Tensor, b: Tensor, into folding: inout Folding) throws {
    let update = try b.mm(a)
    let isTransposed = if case .transposedLinear = folding.layer.kind { true } else { false }
    folding.weight = try folding.weight.adding(isTransposed ? update.t() : update, scale: scale)
  }
}
