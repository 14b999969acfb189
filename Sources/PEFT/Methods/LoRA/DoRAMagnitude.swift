import NN
import Torch

/// DoRA's magnitude alone: the rows of the weight keep their directions, and their lengths are trained.
///
/// y = m / ||W|| (x W^T) + bias. One number for each output, and no factors.
/// Source: Liu et al. 2024, "DoRA: Weight-Decomposed Low-Rank Adaptation", section 5.5.
final class DoRAMagnitude: LowRankAdapter {
  let parameters: [AdapterParameter]
  private let decomposition: WeightDecomposition
  private let baseBias: TrainedBias?

  init(_ layer: any AdaptableLayer, bias: BiasTraining) throws {
    decomposition = try WeightDecomposition(layer, LowRankUpdate(scale: 0, dropout: 0))
    try decomposition.start(at: decomposition.norm(of: layer))
    baseBias = try .beside(layer, bias)
    parameters = (baseBias?.parameters ?? []) + [decomposition.magnitude]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !decomposition.fuses(base) else { return try fused(x, base.layer) }
    return try baseBias.added(
      to: decomposition.scaled(base.output(x), of: base.layer, norm: decomposition.norm(of: base.layer)),
      of: base.layer)
  }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    ProductTerm(weight: layer.weight, bias: nil)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    try baseBias.added(
      to: decomposition.finish(product, of: layer, norm: decomposition.norm(of: layer)), of: layer)
  }

  func fold(into folding: inout Folding) throws {
    try decomposition.scaleRows(of: &folding, norm: decomposition.norm(of: folding.layer))
    try baseBias?.fold(into: &folding)
  }
}
