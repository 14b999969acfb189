import NN
import Torch

/// LoRA on a linear layer.
final class LoRALinear: LayerAdapter {
  let parameters: [AdapterParameter]
  private let a, b: AdapterParameter
  private let outputBias: AdapterParameter?
  private let baseBias: TrainedBias?
  private let scale, dropout: Double

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    let (inputs, outputs) = try layer.linearSizes()
    let start = try method.initialization.linear(
      rank: rank, inputs: inputs, outputs: outputs, generator: context.generator)
    let device = try layer.device()
    a = AdapterParameter("lora_A.weight", try start.a.to(device: device))
    b = AdapterParameter("lora_B.weight", try start.b.to(device: device))
    outputBias = try method.hasBias ? AdapterParameter("lora_B.bias", .zeros([outputs], device: device)) : nil
    baseBias =
      try method.bias == .none ? nil : layer.bias.map { try TrainedBias($0, named: "base_layer.bias") }
    (self.scale, dropout) = (scale, method.dropout)
    parameters = (baseBias?.parameters ?? []) + [a] + (outputBias.map { [$0] } ?? []) + [b]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let layer = base.layer
    let rate = layer.mode.isTraining ? dropout : 0
    var y: Tensor
    if base.isBare, !layer.isTrained, case .linear = layer.kind {
      y = try lowRankProduct(
        x, weight: layer.weight, bias: layer.bias?.tensor, a: a.tensor, b: b.tensor, scale: scale,
        dropout: rate)
    } else {
      y = try base.output(x)
      let input = try x.dropout(rate)
      let update = try input.linear(a.tensor.to(dtype: x.dtype)).linear(b.tensor.to(dtype: x.dtype))
      y = try y.adding(update, scale: scale)
    }
    if let outputBias { y = try y.adding(outputBias.tensor.to(dtype: y.dtype), scale: scale) }
    if let change = try baseBias?.change(to: layer.bias) { y = try y + change }
    return y
  }

  func fold(into folding: inout Folding) throws {
    let update = try b.tensor.mm(a.tensor)
    if case .transposedLinear = folding.layer.kind {
      folding.weight = try folding.weight.adding(update.t(), scale: scale)
    } else {
      folding.weight = try folding.weight.adding(update, scale: scale)
    }
    try baseBias?.fold(into: &folding)
    if let outputBias {
      guard let bias = folding.bias else {
        throw AdapterError(
          "\(folding.layer.name) has no bias to merge lora_bias into: give it one, or train without lora_bias"
        )
      }
      folding.bias = try bias.adding(outputBias.tensor, scale: scale)
    }
  }
}
