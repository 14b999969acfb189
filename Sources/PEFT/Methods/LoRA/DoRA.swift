import NN
import Torch

/// DoRA on a linear layer or a convolution: LoRA whose rows are scaled to a trained magnitude.
///
/// Source: Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank Adaptation", sections 4.1 and 4.3.
final class DoRALinear: LowRankAdapter, ScalableAdapter, StartsFromBase, PlacedAdapter {
  let parameters: [AdapterParameter]
  var place: String?
  let factors: LoRAFactors
  private let decomposition: WeightDecomposition
  private let baseBias: TrainedBias?

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    factors = try LoRAFactors(layer, rank: rank, scale: scale, method, context)
    let (a, b) = try factors.whole()
    decomposition = try WeightDecomposition(layer, LowRankUpdate(scale: scale, dropout: method.dropout))
    try decomposition.start(at: decomposition.norm(of: layer, a: a, b: b))
    baseBias = try .beside(layer, method.bias)
    parameters = (baseBias?.parameters ?? []) + [factors.a, factors.b, decomposition.magnitude]
  }

  var factor: Double {
    get { decomposition.factor }
    set { decomposition.factor = newValue }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !decomposition.fuses(base) else { return try fused(x, base.layer) }
    let (a, b) = try factors.whole()
    let norm = try decomposition.norm(of: base.layer, a: a, b: b)
    return try baseBias.added(
      to: decomposition.forward(x, through: base, a: a, b: b, norm: norm), of: base.layer)
  }

  func isLowRankNow(for layer: any AdaptableLayer) -> Bool { decomposition.isLowRankNow(for: layer) }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    let (a, b) = try factors.whole()
    return decomposition.term(for: layer, a: a, b: b)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    let (a, b) = try withoutGradients { try factors.whole() }
    return try baseBias.added(
      to: decomposition.finish(product, of: layer, norm: decomposition.norm(of: layer, a: a, b: b)), of: layer
    )
  }

  func fold(into folding: inout Folding) throws {
    let (a, b) = try factors.whole()
    let norm = try decomposition.norm(of: folding.layer, a: a, b: b)
    try decomposition.fold(a: a, b: b, norm: norm, into: &folding)
    try baseBias?.fold(into: &folding)
  }
}
