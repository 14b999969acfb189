import Configuration
import NN
import Torch

/// Makes adapters that every reader of LoRA understands from updates of layers.
enum OrdinaryLoRA {
  /// The configuration and tensors of `updates` as an ordinary LoRA.
  ///
  /// - Parameters:
  ///   - source: what to take the base model, the task, dropout and (if `keepsTargets`) the target modules from.
  ///   - rest: tensors to write beside.
  static func folder(
    _ updates: [LayerUpdate], like source: AdapterConfiguration? = nil, keepsTargets: Bool = false,
    rest: [String: Tensor] = [:], modulesToSave: [String]? = nil
  ) throws -> AdapterFolder {
    guard !updates.isEmpty else { throw AdapterError("no layer is updated: there is nothing to write") }
    var method = LoRA()
    method.usesDoRA = rest.keys.contains { $0.hasSuffix(".lora_magnitude_vector") }
    let updates = try FusedOutput.settled(updates, count: method.usesDoRA ? 1 : FusedOutput.count)
    let all = Set(updates.map(\.layer))
    // What lies in a fused attention goes by the attention's name.
    let named = updates.filter { FusedOutput.attention(of: $0.layer, among: all) == nil }
    method.rank = common(named.map(\.rank)) ?? 1
    let alpha = common(named.map(\.alpha)) ?? Double(method.rank)
    method.alpha = WholeOrReal(alpha)
    if let targeting = source?.method.targeting, keepsTargets {
      method.targeting = targeting
    } else {
      method.targeting.modules = .names(named.map(\.layer))
    }
    method.targeting.modulesToSave = modulesToSave ?? source?.method.targeting.modulesToSave
    if let lora = source?.method as? LoRA ?? (source?.method as? AdaLoRA)?.lora {
      method.keep(from: lora)
    }
    method.hasBias = updates.contains { $0.bias != nil }
    let names = named.map(\.layer)
    for update in named {
      if update.rank != method.rank {
        method.rankPattern.entries.append((key(for: update.layer, among: names), update.rank))
      }
      if update.alpha != alpha {
        method.alphaPattern.entries.append(
          (key(for: update.layer, among: names), WholeOrReal(update.alpha)))
      }
    }
    var configuration = AdapterConfiguration(method)
    if let source { configuration.shared = source.shared }
    configuration.shared.inferenceMode = true
    return AdapterFolder(
      configuration: configuration, tensors: try rest.merging(tensors(of: updates, among: all)) { $1 })
  }

  /// A layer's key in `rank_pattern`, which matches the ends of paths too.
  private static func key(for layer: String, among names: [String]) -> String {
    names.contains { $0.hasSuffix(".\(layer)") } ? "^\(layer)" : layer
  }

  private static func common<Value: Hashable & Comparable>(_ values: [Value]) -> Value? {
    let counts = values.reduce(into: [Value: Int]()) { $0[$1, default: 0] += 1 }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

  /// - Parameter layers: all that are adapted, which the place of some depends on.
  static func tensors(of updates: [LayerUpdate], among layers: Set<String>) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for update in updates {
      let path = FusedOutput.path(of: update.layer, among: layers)
      let isEmbedding = update.form == .embedding
      let names =
        isEmbedding ? ["lora_embedding_A", "lora_embedding_B"] : ["lora_A.weight", "lora_B.weight"]
      tensors[AdaptedModel.key(path, names[0])] = try update.a.contiguous()
      tensors[AdaptedModel.key(path, names[1])] = try update.b.contiguous()
      if let bias = update.bias { tensors[AdaptedModel.key(path, "lora_B.bias")] = bias }
    }
    // A file has a bias for every B or for none.
    if updates.contains(where: { $0.bias != nil }) {
      for update in updates where update.bias == nil {
        let path = FusedOutput.path(of: update.layer, among: layers)
        tensors[AdaptedModel.key(path, "lora_B.bias")] = try .zeros(
          [update.b.shape[0]], dtype: update.b.dtype)
      }
    }
    return tensors
  }
}

extension LoRA {
  /// Takes over what belongs to an adapter beside its factors and their scale.
  fileprivate mutating func keep(from other: LoRA) {
    (dropout, bias, trainableTokens) = (other.dropout, other.bias, other.trainableTokens)
    (layerReplication, invocationTokens) = (other.layerReplication, other.invocationTokens)
    for key in ["ensure_weight_tying", "fan_in_fan_out", "megatron_config", "megatron_core"] {
      taskSpecific[key] = other.taskSpecific[key]
    }
  }
}
