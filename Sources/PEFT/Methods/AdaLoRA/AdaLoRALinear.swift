import NN
import Torch

/// AdaLoRA's triplets on a layer that is one matrix [out, in]: A [k, in], E [k, 1], B [out, k].
final class AdaLoRALinear: LowRankAdapter, ScalableAdapter {
  let parameters: [AdapterParameter]
  let a, b, e: AdapterParameter
  private let baseBias: TrainedBias?
  private var update: LowRankUpdate

  init(_ layer: any AdaptableLayer, rank: Int, _ method: AdaLoRA, _ context: InjectionContext) throws {
    let (inputs, outputs) = try layer.linearSizes()
    let (device, generator) = (layer.weight.device, context.generator)
    let start = Initializer.normal(std: 0.02)
    a = AdapterParameter("lora_A", try start.tensor([rank, inputs], generator: generator).to(device: device))
    b = AdapterParameter(
      "lora_B", try start.tensor([outputs, rank], generator: generator).to(device: device))
    e = AdapterParameter("lora_E", try .zeros([rank, 1], device: device))
    update = LowRankUpdate(scale: method.scaling, dropout: method.lora.dropout)
    baseBias = try .beside(layer, method.bias)
    parameters = (baseBias?.parameters ?? []) + [a, b, e]
  }

  /// What is pruned together.
  var triplets: [AdapterParameter] { [a, b, e] }

  var factor: Double {
    get { update.factor }
    set { update.factor = newValue }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    if base.isFusable { return try fused(x, base.layer) }
    return try baseBias.added(
      to: update.forward(x, through: base, a: a.tensor * e.tensor, b: b.tensor), of: base.layer)
  }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    try update.term(for: layer, a: a.tensor * e.tensor, b: b.tensor)
  }

  var isPlain: Bool { baseBias == nil }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    try baseBias.added(to: product, of: layer)
  }

  func fold(into folding: inout Folding) throws {
    try update.fold(a: a.tensor * e.tensor, b: b.tensor, into: &folding)
    try baseBias?.fold(into: &folding)
  }

  /// ||A A^T - I|| + ||B^T B - I||, Frobenius.
  func orthogonality() throws -> Tensor {
    let identity = try Tensor.eye(e.tensor.shape[0], device: e.tensor.device)
    let rows = try a.tensor.mm(a.tensor.t()) - identity
    let columns = try b.tensor.t().mm(b.tensor) - identity
    return try rows.norm() + columns.norm()
  }
}
