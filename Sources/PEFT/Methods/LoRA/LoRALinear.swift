import NN
import Torch

/// LoRA on a linear layer or a convolution.
final class LoRALinear: LowRankAdapter {
  let parameters: [AdapterParameter]
  private let a, b: AdapterParameter
  private let outputBias: AdapterParameter?
  private let baseBias: TrainedBias?
  private let update: LowRankUpdate

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    (a, b) = try method.initialization.linear(layer, rank: rank, context)
    outputBias =
      try method.hasBias
      ? AdapterParameter("lora_B.bias", .zeros([b.tensor.shape[0]], device: layer.device())) : nil
    baseBias =
      try method.bias == .none ? nil : layer.bias.map { try TrainedBias($0, named: "base_layer.bias") }
    update = LowRankUpdate(scale: scale, dropout: method.dropout)
    parameters = (baseBias?.parameters ?? []) + [a] + (outputBias.map { [$0] } ?? []) + [b]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    guard !base.isFusable else { return try fused(x, base.layer) }
    return try finish(update.forward(x, through: base, a: a.tensor, b: b.tensor), of: base.layer)
  }

  func term(for layer: any AdaptableLayer) throws -> ProductTerm {
    update.term(for: layer, a: a.tensor, b: b.tensor)
  }

  func finish(_ product: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    var y = product
    if let outputBias {
      y = try y.adding(layer.alongOutputs(outputBias.tensor.to(dtype: y.dtype)), scale: update.scale)
    }
    if let change = try baseBias?.change(to: layer) { y = try y + change }
    return y
  }

  func fold(into folding: inout Folding) throws {
    try update.fold(a: a.tensor, b: b.tensor, into: &folding)
    try baseBias?.fold(into: &folding)
    guard let outputBias else { return }
    guard let bias = folding.bias else {
      throw AdapterError(
        "\(folding.layer.name) has no bias to merge lora_bias into: give it one, or train without lora_bias")
    }
    folding.bias = try bias.adding(outputBias.tensor, scale: update.scale)
  }
}
