import Configuration
import JSON
import NN
import Torch

/// QA-LoRA on a linear layer: LoRA whose A sees the mean of every group of inputs, A [r, in / group].
///
/// The update is the same for all inputs of a group, so that a base in whole numbers can take it into its zeros without
/// being rounded again; see ``GroupedWeight/absorbing(_:)``.
///
/// Source: Xu et al. 2023, "QA-LoRA: Quantization-Aware Low-Rank Adaptation of Large Language Models", section 3.3; files
/// and the factor in / group as Hugging Face PEFT's `use_qalora`.
final class QALoRALinear: LayerAdapter, ScalableAdapter {
  let parameters: [AdapterParameter]
  private let a, b: AdapterParameter
  private let group: Int
  private let dropout, ownScale: Double
  var factor = 1.0

  init(
    _ layer: any AdaptableLayer, rank: Int, scale: Double, _ method: LoRA, _ context: InjectionContext
  ) throws {
    let (inputs, outputs) = try layer.linearSizes()
    (group, dropout, ownScale) = (method.poolSize, method.dropout, scale)
    let starts = RandomFactors(method.initialization.json) ?? .kaiming
    let uniform = Initializer.kaimingUniform(a: 5.squareRoot())
    func tensor(_ initial: Initializer, _ shape: [Int]) throws -> Tensor {
      try initial.tensor(shape, generator: context.generator).to(device: layer.weight.device)
    }
    a = AdapterParameter(
      "lora_A.weight",
      try tensor(starts == .gaussian ? .normal(std: 1 / Double(rank)) : uniform, [rank, inputs / group]))
    b = AdapterParameter("lora_B.weight", try tensor(starts == .both ? uniform : .zeros, [outputs, rank]))
    parameters = [a, b]
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let (y, groups) = (try base.output(x), a.tensor.shape[1])
    let input = try x.dropout(base.layer.mode.isTraining ? dropout : 0).to(dtype: y.dtype)
    let means = try input.reshaped(Array(x.shape.dropLast()) + [groups, group]).mean([-1])
    let low = try means.linear(a.tensor.to(dtype: y.dtype))
    return try y.adding(low.linear(b.tensor.to(dtype: y.dtype)), scale: ownScale * factor * Double(groups))
  }

  /// What is added to every weight of a group: [out, in / group].
  func update() throws -> Tensor {
    let groups = Double(a.tensor.shape[1])
    return try b.tensor.mm(a.tensor) * (ownScale * factor * groups / Double(group))
  }

  func fold(into folding: inout Folding) throws {
    let whole = try update().repeatInterleaved(group, dim: 1)
    folding.weight = try folding.weight + folding.layer.weight(fromMatrix: whole)
  }

  /// Folds the update into the zeros of a quantized weight.
  ///
  /// - Throws: ``QuantizationError`` when groups of the weight are not within groups of inputs here.
  func absorbed(by weight: GroupedWeight) throws -> GroupedWeight {
    try weight.absorbing(update().repeatInterleaved(group, dim: 1))
  }
}

extension LoRA {
  /// Whether A sees means of groups of inputs.
  var isPooled: Bool { taskSpecific["use_qalora"].boolValue == true }

  /// Inputs in such a group.
  var poolSize: Int { max(1, taskSpecific["qalora_group_size"].intValue ?? 16) }

  func validatePooling() throws {
    func refuse(_ holds: Bool, _ field: String, _ value: Any) throws {
      guard !holds else {
        throw ConfigurationError(field, value: value, rule: "cannot be combined with use_qalora")
      }
    }
    let size = taskSpecific["qalora_group_size"]
    guard let count = size.intValue, count > 0 else {
      throw ConfigurationError("qalora_group_size", value: size.serialized(), rule: "must be at least 1")
    }
    try refuse(usesDoRA, "use_dora", true)
    try refuse(hasBias, "lora_bias", true)
    try refuse(bias != .none, "bias", bias.rawValue)
    try refuse(isActivated, "alora_invocation_tokens", invocationTokens ?? [])
    try refuse(!targetParameters.isEmpty, "target_parameters", targetParameters)
    try refuse(
      RandomFactors(initialization.json) == nil, "init_lora_weights", initialization.json.serialized())
  }

  /// - Throws: ``ConfigurationError`` when the layer's inputs are no whole groups.
  func checkPooling(_ layer: any AdaptableLayer) throws {
    let inputs = try layer.linearSizes().inputs
    guard inputs % poolSize == 0 else {
      throw ConfigurationError(
        "qalora_group_size", value: poolSize, rule: "must divide the \(inputs) inputs of \(layer.name)")
    }
  }
}
