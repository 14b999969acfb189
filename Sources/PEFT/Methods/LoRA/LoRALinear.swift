import NN
import Torch

/// LoRA on a linear layer or a convolution.
final class LoRALinear: LowRankAdapter, ScalableAdapter, StartsFromBase, PlacedAdapter {
  let parameters: [AdapterParameter]
  var place: String?
  let factors: LoRAFactors
  private let outputBias: AdapterParameter?
  private let baseBias: TrainedBias?
  private var update: LowRankUpdate

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    factors = try LoRAFactors(layer, rank: rank, scale: scale, method, context)
    outputBias =
      try method.hasBias
      ? AdapterParameter("lora_B.bias", .zeros([layer.linearSizes().outputs], device: layer.weight.device))
      : nil
    baseBias = try .beside(layer, method.bias)
    update = LowRankUpdate(scale: scale, dropout: method.dropout)
    parameters = (baseBias?.parameters ?? []) + [factors.a] + (outputBias.map { [$0] } ?? []) + [factors.b]
  }

  var factor: Double {
    get { update.factor }
    set { update.factor = newValue }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !base.isFusable || factors.replacement != nil else { return try fused(x, base.layer) }
    let (a, b) = try factors.whole()
    let below = try factors.output(x, of: base)
    return try finish(update.adding(to: below, x, base.layer, a: a, b: b), of: base.layer)
  }

  var isPlain: Bool { outputBias == nil && baseBias == nil }

  func isLowRankNow(for layer: any AdaptableLayer) -> Bool { factors.replacement == nil }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    let (a, b) = try factors.whole()
    return update.term(for: layer, a: a, b: b)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    var y = product
    if let outputBias {
      y = try y.adding(layer.alongOutputs(outputBias.tensor.to(dtype: y.dtype)), scale: update.scale)
    }
    return try baseBias.added(to: y, of: layer)
  }

  func fold(into folding: inout Folding) throws {
    let (a, b) = try factors.whole()
    try factors.fold(into: &folding)
    try update.fold(a: a, b: b, into: &folding)
    try baseBias?.fold(into: &folding)
    guard let outputBias else { return }
    guard let bias = folding.bias else {
      throw AdapterError(
        "\(folding.layer.name) has no bias to merge lora_bias into: give it one, or train without lora_bias")
    }
    folding.bias = try bias.adding(outputBias.tensor, scale: update.scale)
  }
}
