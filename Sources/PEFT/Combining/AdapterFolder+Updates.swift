import Configuration
import JSON
import NN
import Torch

extension AdapterFolder {
  /// The low-rank updates in an adapter's file, and its tensors that are none (modules trained whole, biases).
  ///
  /// AdaLoRA's triplets and EDoRA's mapping are multiplied into A; what PiSSA and its like took off the base is taken
  /// off. Layers are in their natural order.
  ///
  /// - Parameter allowingMagnitudes: whether DoRA's magnitudes may be among the other tensors; the updates alone are not
  ///   what such an adapter adds.
  /// - Throws: ``AdapterError`` for methods whose update cannot be told without the base model, and for AdaLoRA when
  ///   nothing says what its layers are.
  public func updates(allowingMagnitudes: Bool = false) throws -> (
    updates: [LayerUpdate], rest: [String: Tensor]
  ) {
    if let method = configuration.method as? LoRA, method.initialization.changesBase, !initial.isEmpty {
      return try ordinaryLoRA().updates(allowingMagnitudes: allowingMagnitudes)
    }
    try requirePlainUpdates(allowingMagnitudes)
    guard !lacksShapes else {
      throw AdapterError(
        "the adapter (ADALORA) keeps matrices for layers of all kinds and does not say which are convolutions or "
          + "embeddings: give the base with --model")
    }
    return try factors()
  }

  /// The factors in an adapter's file, whatever else belongs to what it adds, and its other tensors.
  ///
  /// Where nothing says what AdaLoRA's layers are, they count as linear.
  public func factors() throws -> (updates: [LayerUpdate], rest: [String: Tensor]) {
    var (groups, rest) = ([String: [String: Tensor]](), [String: Tensor]())
    for (key, tensor) in tensors {
      guard let (layer, name) = FactorName.split(key) else {
        rest[key] = tensor
        continue
      }
      groups[layer, default: [:]][name] = tensor
    }
    let updates = try groups.map { try update(of: $0, $1) }
    return (updates.sorted { NaturalOrder.isBefore($0.layer, $1.layer) }, rest)
  }

  private func update(of path: String, _ tensors: [String: Tensor]) throws -> LayerUpdate {
    let fused = FusedOutput.split(path)
    let layer = fused?.layer ?? path
    let isEmbedding = tensors["lora_embedding_A"] != nil
    let names = isEmbedding ? ["lora_embedding_A", "lora_embedding_B"] : ["lora_A", "lora_B"]
    guard var a = tensors[names[0]], var b = tensors[names[1]] else {
      throw AdapterError("\(layer) has one factor of two: the adapter is damaged")
    }
    if let triplets = tensors["lora_E"] {
      guard a.rank > 1, triplets.count == a.shape[0] else {
        throw AdapterError(
          "lora_E \(triplets.shape) of \(layer) does not fit A \(a.shape): the adapter is damaged")
      }
      let along = try triplets.reshaped([-1] + a.shape.dropFirst().map { _ in 1 })
      a = try (a.to(dtype: .float32) * along.to(dtype: .float32)).to(dtype: a.dtype)
      if triplets.count == 0, b.rank == 2, b.shape[1] == 0 {
        // Nothing is left of the layer's update, and a LoRA has at least rank 1.
        (a, b) = (try .zeros([1] + a.shape.dropFirst()), try .zeros([b.shape[0], 1]))
      }
      return try (shapes ?? .linear).update(of: layer, a: a, b: b, scale: scale(of: layer))
    }
    if let mapping = tensors["lora_latent_mapping.weight"] {
      let rows = try a.to(dtype: .float32).flattened(from: 1)
      a = try mapping.to(dtype: .float32).mm(rows).to(dtype: a.dtype).reshaped(a.shape)
    }
    let scale = try scale(of: fused?.attention ?? layer) * (fused == nil ? 1 : fusedCount)
    return try LayerUpdate(
      layer: layer, form: form(a, isEmbedding: isEmbedding), a: a, b: b, bias: tensors["lora_B.bias"],
      scale: scale)
  }

  /// How often the update of a fused attention's output projection is added.
  private var fusedCount: Double {
    (configuration.method as? LoRA)?.usesDoRA == true ? 1 : FusedOutput.count
  }

  private func form(_ a: Tensor, isEmbedding: Bool) -> LayerUpdate.Form {
    if isEmbedding { return .embedding }
    if a.rank > 2 { return .convolution }
    guard let lora = configuration.method as? LoRA, !lora.targetParameters.isEmpty,
      lora.rankPattern.entries.isEmpty, a.rank == 2, a.shape[0] > lora.rank, a.shape[0] % lora.rank == 0
    else { return .linear }
    return .experts(a.shape[0] / lora.rank)
  }

  /// The layer whose factors a file keeps under `path`.
  public static func layer(ofPath path: String) -> String { FusedOutput.split(path)?.layer ?? path }

  private func scale(of layer: String) throws -> Double {
    switch configuration.method {
    case let method as LoRA: try method.scaling(for: layer)
    case let method as EDoRA: try method.scaling(for: layer)
    case let method as AdaLoRA: method.scaling
    default: throw unreadable("is no low-rank update")
    }
  }

  /// Refuses what the factors alone do not say.
  private func requirePlainUpdates(_ allowsMagnitudes: Bool) throws {
    switch configuration.method {
    case let method as LoRA:
      if method.usesDoRA, !allowsMagnitudes { throw unreadable("scales rows to trained magnitudes") }
      let fields = configuration.json
      if method.initialization.changesBase {
        let name = method.initialization.json.stringValue ?? ""
        throw AdapterError(
          "the adapter began as \(name), which changes the base's weights, and its factors are no update of "
            + "them: convert it to an ordinary LoRA first")
      }
      if let parameters = fields["target_parameters"]?.arrayValue, !parameters.isEmpty {
        throw AdapterError("the adapter has target_parameters: only updates of layers can be taken apart")
      }
    case let method as EDoRA:
      if method.usesMagnitude, !allowsMagnitudes { throw unreadable("scales rows to trained magnitudes") }
    case is AdaLoRA: break
    default: throw unreadable("is no low-rank update")
    }
  }

  private func unreadable(_ what: String) -> AdapterError {
    let type = type(of: configuration.method).peftType
    return AdapterError(
      "the adapter (\(type)) \(what), so what it adds depends on the base model: give the base with --model")
  }
}

/// The names of a low-rank update's tensors.
enum FactorName {
  /// In the spelling that ``split(_:)`` gives them.
  private static let suffixes: [(suffix: String, name: String)] = [
    (".lora_A.weight", "lora_A"), (".lora_B.weight", "lora_B"), (".lora_B.bias", "lora_B.bias"),
    (".lora_embedding_A", "lora_embedding_A"), (".lora_embedding_B", "lora_embedding_B"),
    (".lora_A", "lora_A"), (".lora_B", "lora_B"), (".lora_E", "lora_E"),
    (".lora_latent_mapping.weight", "lora_latent_mapping.weight"),
  ]

  /// The layer that a tensor is part of the update of, and its name there; nil when it is no factor.
  static func split(_ key: String) -> (layer: String, name: String)? {
    guard let match = suffixes.first(where: { key.hasSuffix($0.suffix) }) else { return nil }
    let path = key.hasPrefix(AdaptedModel.keyPrefix) ? key.dropFirst(AdaptedModel.keyPrefix.count) : key[...]
    return (String(path.dropLast(match.suffix.count)), match.name)
  }
}

/// Names with numbers in them in the order that people expect: `layers.2` before `layers.10`.
public enum NaturalOrder {
  public static func isBefore(_ left: String, _ right: String) -> Bool {
    let (left, right) = (left.split(separator: "."), right.split(separator: "."))
    for (one, other) in zip(left, right) where one != other {
      if let one = Int(one), let other = Int(other) { return one < other }
      return one < other
    }
    return left.count < right.count
  }
}
