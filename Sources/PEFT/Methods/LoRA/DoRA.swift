import NN
import Torch

/// DoRA on a linear layer or a convolution: LoRA whose rows are scaled to a trained magnitude.
///
/// Source: Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank Adaptation", sections 4.1 and 4.3.
final class DoRALinear: LowRankAdapter {
  let parameters: [AdapterParameter]
  private let a, b: AdapterParameter
  private let decomposition: WeightDecomposition

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    (a, b) = try method.initialization.linear(layer, rank: rank, context)
    decomposition = try WeightDecomposition(layer, LowRankUpdate(scale: scale, dropout: method.dropout))
    try decomposition.start(at: decomposition.norm(of: layer, a: a.tensor, b: b.tensor))
    parameters = [a, b, decomposition.magnitude]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !decomposition.fuses(base) else { return try fused(x, base.layer) }
    let norm = try decomposition.norm(of: base.layer, a: a.tensor, b: b.tensor)
    return try decomposition.forward(x, through: base, a: a.tensor, b: b.tensor, norm: norm)
  }

  func isLowRankNow(for layer: any AdaptableLayer) -> Bool { decomposition.isLowRankNow(for: layer) }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    decomposition.term(for: layer, a: a.tensor, b: b.tensor)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    try decomposition.finish(
      product, of: layer, norm: decomposition.norm(of: layer, a: a.tensor, b: b.tensor))
  }

  func fold(into folding: inout Folding) throws {
    let norm = try decomposition.norm(of: folding.layer, a: a.tensor, b: b.tensor)
    try decomposition.fold(a: a.tensor, b: b.tensor, norm: norm, into: &folding)
  }
}
