import Configuration
import JSON
import NN
import Torch

/// LoRA that is active from the last occurrence of its invocation tokens on, on a linear layer.
///
/// Before them a text has the base's own keys and values, which a cache can share with the base and with other adapters
/// of this kind. A text without them is left to the base.
///
/// Source: Greenewald et al. 2025, "Activated LoRA: Fine-tuned LLMs for Intrinsics".
final class ActivatedLoRA: LayerAdapter {
  let parameters: [AdapterParameter]
  let goesByPlace = true
  private let a, b: AdapterParameter
  private let bias: AdapterParameter?
  private let invocation: [Int]
  private let update: LowRankUpdate

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    let factors = try LoRAFactors(layer, rank: rank, scale: scale, method, context)
    (a, b) = (factors.a, factors.b)
    bias =
      try method.hasBias
      ? AdapterParameter("lora_B.bias", .zeros([layer.linearSizes().outputs], device: layer.weight.device))
      : nil
    invocation = method.invocationTokens ?? []
    update = LowRankUpdate(scale: scale, dropout: method.dropout)
    parameters = [a] + (bias.map { [$0] } ?? []) + [b]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let (y, layer) = (try base.output(x), base.layer)
    let whole = try layer.mode.pass?.tokens(from: invocation)
    let active = try base.rows.map { try whole?.indexSelect(0, Tensor($0).to(device: x.device)) } ?? whole
    guard let active, Array(x.shape.dropLast()) == active.shape else {
      throw AdapterError(
        "\(layer.name) does not get every token of its text, so that an activated LoRA (alora_invocation_tokens) "
          + "cannot tell where it begins: exclude the layer")
    }
    var change = try update.product(
      x.dropout(layer.mode.isTraining ? update.dropout : 0), of: layer, a.tensor, b.tensor, y.dtype)
    if let bias { change = try change + bias.tensor.to(dtype: y.dtype) }
    return try y.adding(change * active.to(dtype: y.dtype).unsqueezed(-1), scale: update.scale)
  }

  func fold(into folding: inout Folding) throws {
    throw AdapterError(
      "\(folding.layer.name): an activated LoRA (alora_invocation_tokens) acts on some tokens only and cannot be "
        + "merged: keep it beside its base")
  }
}

extension LoRA {
  /// Whether it waits for invocation tokens.
  var isActivated: Bool { invocationTokens?.isEmpty == false }

  func validateActivation() throws {
    func refuse(_ holds: Bool, _ field: String, _ value: Any) throws {
      guard !holds else {
        throw ConfigurationError(field, value: value, rule: "cannot be combined with alora_invocation_tokens")
      }
    }
    try refuse(usesDoRA, "use_dora", true)
    try refuse(bias != .none, "bias", bias.rawValue)
    try refuse(initialization.changesBase, "init_lora_weights", initialization.json.serialized())
    guard invocationTokens?.allSatisfy({ $0 >= 0 }) == true else {
      throw ConfigurationError(
        "alora_invocation_tokens", value: invocationTokens ?? [], rule: "must be token ids, from 0 on")
    }
  }
}
