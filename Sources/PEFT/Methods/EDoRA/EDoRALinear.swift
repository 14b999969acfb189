import NN
import Torch

/// EDoRA, or LoRA-XS, on a linear layer.
///
/// R A takes the place of A in LoRA's and DoRA's products; W A^T never changes and is kept for the row norms.
final class EDoRALinear: LowRankAdapter {
  let parameters: [AdapterParameter]
  private let a, b, r: AdapterParameter
  private let update: LowRankUpdate
  private let decomposition: WeightDecomposition?
  /// W A^T for the weight and the A that it was computed from.
  private var crossed: (product: Tensor, weight: any WeightStorage, a: Tensor)?

  init(_ layer: any AdaptableLayer, _ method: EDoRA, _ context: InjectionContext) throws {
    let rank = try method.rank(for: layer.name)
    let (inputs, outputs) = try layer.linearSizes()
    let device = try layer.device()
    let factors =
      try context.isLoading
      ? (a: Tensor.zeros([rank, inputs]), b: Tensor.zeros([outputs, rank]))
      : withoutGradients { try method.factors(of: layer, rank: rank, generator: context.generator) }
    a = AdapterParameter("lora_A.weight", try factors.a.to(device: device), isLearned: false)
    b = AdapterParameter("lora_B.weight", try factors.b.to(device: device), isLearned: false)
    r = AdapterParameter(
      "lora_latent_mapping.weight",
      try Initializer.normal(std: method.sigma).tensor([rank, rank], generator: context.generator).to(
        device: device))
    update = LowRankUpdate(scale: try method.scaling(for: layer.name), dropout: method.dropout)
    decomposition = try method.usesMagnitude ? WeightDecomposition(layer, update) : nil
    parameters = [a, b, r] + (decomposition.map { [$0.magnitude] } ?? [])
    if !context.isLoading, let norm = try norm(layer, r.tensor.mm(a.tensor)) {
      try decomposition?.start(at: norm)
    }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !(decomposition?.fuses(base) ?? base.isFusable) else { return try fused(x, base.layer) }
    let mapped = try r.tensor.mm(a.tensor)
    guard let decomposition, let norm = try norm(base.layer, mapped) else {
      return try update.forward(x, through: base, a: mapped, b: b.tensor)
    }
    return try decomposition.forward(x, through: base, a: mapped, b: b.tensor, norm: norm)
  }

  func isLowRankNow(for layer: any AdaptableLayer) -> Bool { decomposition?.isLowRankNow(for: layer) ?? true }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    let mapped = try r.tensor.mm(a.tensor)
    return decomposition?.term(for: layer, a: mapped, b: b.tensor)
      ?? update.term(for: layer, a: mapped, b: b.tensor)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    guard let decomposition, let norm = try norm(layer, withoutGradients({ try r.tensor.mm(a.tensor) }))
    else {
      return product
    }
    return try decomposition.finish(product, of: layer, norm: norm)
  }

  func fold(into folding: inout Folding) throws {
    let mapped = try r.tensor.mm(a.tensor)
    if let decomposition, let norm = try norm(folding.layer, mapped) {
      try decomposition.fold(a: mapped, b: b.tensor, norm: norm, into: &folding)
    } else {
      try update.fold(a: mapped, b: b.tensor, into: &folding)
    }
  }

  private func norm(_ layer: any AdaptableLayer, _ mapped: Tensor) throws -> Tensor? {
    guard let decomposition else { return nil }
    let weight = layer.untouchedWeight
    let known = crossed.flatMap { $0.weight === weight && $0.a === a.tensor ? $0.product : nil }
    let product = try known ?? RowNorms.product(of: layer, a.tensor)
    crossed = (product, weight, a.tensor)
    let turned = try withoutGradients { try product.mm(r.tensor.t()) }
    return try decomposition.norm(of: layer, a: mapped, b: b.tensor, crossed: turned)
  }
}
