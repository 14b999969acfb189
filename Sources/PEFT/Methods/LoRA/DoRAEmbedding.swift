import NN
import Torch

/// DoRA on an embedding: each feature of the table is scaled to a trained magnitude across the vocabulary.
///
/// y = f (W[id] + s A^T[id] B^T), f = m / ||W + s (B A)^T|| by columns; A [r, entries], B [size, r], m [size].
final class DoRAEmbedding: ScalableAdapter {
  let parameters: [AdapterParameter]
  private let update: LoRAEmbedding
  private let magnitude: AdapterParameter
  private let ownScale: Double
  private var scale: Double { ownScale * factor }

  init(
    entries: Int, size: Int, rank: Int, scale: Double, _ method: LoRA, _ layer: any AdaptableLayer,
    _ context: InjectionContext
  ) throws {
    update = try LoRAEmbedding(entries: entries, size: size, rank: rank, scale: scale, method, layer, context)
    ownScale = scale
    let norm =
      try context.isLoading
      ? Tensor.ones([size], device: layer.weight.device)
      : Self.norm(of: layer, update.a.tensor, update.b.tensor, scale)
    magnitude = AdapterParameter("lora_magnitude_vector", norm)
    parameters = update.parameters + [magnitude]
  }

  var factor: Double {
    get { update.factor }
    set { update.factor = newValue }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let factor = try factor(for: base.layer)
    let y = try update.forward(x, through: base)
    return try y * factor.to(dtype: y.dtype)
  }

  func fold(into folding: inout Folding) throws {
    try update.fold(into: &folding)
    folding.weight = try folding.weight * factor(for: folding.layer)
  }

  private func factor(for layer: any AdaptableLayer) throws -> Tensor {
    try ratio(magnitude.tensor, to: Self.norm(of: layer, update.a.tensor, update.b.tensor, scale))
  }

  /// ||W + s (B A)^T|| by columns, by the same identity as ``RowNorms``: [size], float32.
  private static func norm(of layer: any AdaptableLayer, _ a: Tensor, _ b: Tensor, _ scale: Double) throws
    -> Tensor
  {
    try withoutGradients {
      let weight = try layer.untouchedWeight.dense(.float32)
      let cross = try a.mm(weight).t() * b
      let own = try b.mm(a.mm(a.t())) * b
      let sum = try weight.square().sum([0]).adding(cross.sum([1]), scale: 2 * scale)
        .adding(own.sum([1]), scale: scale * scale)
      return try sum.clamped(min: 0).sqrt()
    }
  }
}
