import NN
import Torch

/// EDoRA, or LoRA-XS, on a linear layer or an ungrouped convolution.
///
/// R A takes the place of A in LoRA's and DoRA's products; W A^T never changes and is kept for the row norms.
final class EDoRALinear: LowRankAdapter, ScalableAdapter {
  let parameters: [AdapterParameter]
  private let a, b, r: AdapterParameter
  private var update: LowRankUpdate
  private let decomposition: WeightDecomposition?
  /// W A^T for the weight and the A that it was computed from.
  private var crossed: (product: Tensor, weight: any WeightStorage, a: Tensor)?

  init(_ layer: any AdaptableLayer, _ method: EDoRA, _ context: InjectionContext) throws {
    let rank = try method.rank(for: layer.name)
    guard layer.groups == 1 else {
      throw AdapterError(
        "\(layer.name) is a convolution in \(layer.groups) groups, which B R A would mix: exclude it")
    }
    let (shapes, device) = (try layer.factorShapes(rank: rank), layer.weight.device)
    let factors =
      try context.isLoading
      ? (a: Tensor.zeros(shapes.a), b: Tensor.zeros(shapes.b))
      : withoutGradients { try method.factors(of: layer, rank: rank, generator: context.generator) }
    a = AdapterParameter(
      "lora_A.weight", try factors.a.reshaped(shapes.a).to(device: device), isLearned: false)
    b = AdapterParameter(
      "lora_B.weight", try factors.b.reshaped(shapes.b).to(device: device), isLearned: false)
    r = AdapterParameter(
      "lora_latent_mapping.weight",
      try Initializer.normal(std: method.sigma).tensor([rank, rank], generator: context.generator).to(
        device: device))
    update = LowRankUpdate(scale: try method.scaling(for: layer.name), dropout: method.dropout)
    decomposition = try method.usesMagnitude ? WeightDecomposition(layer, update) : nil
    parameters = [a, b, r] + (decomposition.map { [$0.magnitude] } ?? [])
    if !context.isLoading, let norm = try norm(layer, mapped()) {
      try decomposition?.start(at: norm)
    }
  }

  var factor: Double {
    get { update.factor }
    set {
      update.factor = newValue
      decomposition?.factor = newValue
    }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !(decomposition?.fuses(base) ?? base.isFusable) else { return try fused(x, base.layer) }
    let mapped = try mapped()
    guard let decomposition, let norm = try norm(base.layer, mapped) else {
      return try update.forward(x, through: base, a: mapped, b: b.tensor)
    }
    return try decomposition.forward(x, through: base, a: mapped, b: b.tensor, norm: norm)
  }

  func isLowRankNow(for layer: any AdaptableLayer) -> Bool { decomposition?.isLowRankNow(for: layer) ?? true }

  var isPlain: Bool { decomposition == nil }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    let mapped = try mapped()
    return decomposition?.term(for: layer, a: mapped, b: b.tensor)
      ?? update.term(for: layer, a: mapped, b: b.tensor)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    guard let decomposition, let norm = try norm(layer, withoutGradients({ try mapped() }))
    else {
      return product
    }
    return try decomposition.finish(product, of: layer, norm: norm)
  }

  func fold(into folding: inout Folding) throws {
    let mapped = try mapped()
    if let decomposition, let norm = try norm(folding.layer, mapped) {
      try decomposition.fold(a: mapped, b: b.tensor, norm: norm, into: &folding)
    } else {
      try update.fold(a: mapped, b: b.tensor, into: &folding)
    }
  }

  /// R A, in the shape of A.
  private func mapped() throws -> Tensor {
    guard a.tensor.rank > 2 else { return try r.tensor.mm(a.tensor) }
    return try r.tensor.mm(a.tensor.flattened(from: 1)).reshaped(a.tensor.shape)
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
