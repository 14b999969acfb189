import Configuration
import Foundation
import JSON
import NN
import PEFT
import Torch

/// What is in an adapter: its method, and the rank and norm of what it adds to each layer.
public struct AdapterInspection {
  public struct Layer: Sendable {
    public let name: String
    /// Nil for parts without one, such as modules trained whole.
    public let rank: Int?
    /// How many directions the update really has: exp of the entropy of its singular values as shares of their sum.
    ///
    /// Source: Roy and Vetterli 2007, "The Effective Rank: A Measure of Effective Dimensionality".
    public let effectiveRank: Double?
    /// The Frobenius norm of what is added to the weight; of the tensors themselves where nothing is.
    public let norm: Double
    public let parameters: Int
  }

  public let method: String
  /// How the factors began (`init_lora_weights`); nil for methods without such a choice.
  public let initialization: String?
  public let configuration: AdapterConfiguration
  public let layers: [Layer]
  public let warnings: [String]

  public var parameters: Int { layers.reduce(0) { $0 + $1.parameters } }

  /// - Parameter notes: what is known of how the adapter was read, first among the warnings.
  /// - Throws: what reading the folder throws.
  public init(_ folder: AdapterFolder, notes: [String] = []) throws {
    configuration = folder.configuration
    method = type(of: folder.configuration.method).peftType
    let start = (folder.configuration.method as? LoRA)?.initialization
    initialization = start.map { $0.json.stringValue ?? $0.json.serialized() }
    let prefix = configuration.method is any PromptMethod ? "base_model." : "base_model.model."
    let groups = Self.grouped(folder.tensors, prefix)
    let isLowRank = [LoRA.peftType, AdaLoRA.peftType, EDoRA.peftType].contains(method)
    // What was taken off the base at the start is no part of what the adapter adds.
    let whole = folder.initial.isEmpty ? folder : try folder.ordinaryLoRA()
    let updates = try isLowRank ? whole.factors().updates : []
    let byLayer = Dictionary(updates.map { ($0.layer, $0) }, uniquingKeysWith: { first, _ in first })
    layers = try groups.keys.sorted(by: NaturalOrder.isBefore).map { name in
      try Self.layer(name, groups[name] ?? [:], byLayer[name])
    }
    var warnings = notes
    let unknown = folder.configuration.unknownKeys
    if !unknown.isEmpty {
      warnings.append("fields that are not understood: \(unknown.joined(separator: ", "))")
    }
    let broken = try folder.tensors.keys.sorted().filter { key in
      guard let tensor = folder.tensors[key], tensor.dtype.isFloatingPoint else { return false }
      return try !tensor.isFinite().all().item(of: Bool.self)
    }
    if let first = broken.first {
      warnings.append("\(broken.count) tensors with values that are not finite, such as \(first)")
    }
    if !layers.isEmpty, layers.allSatisfy({ $0.rank == nil || $0.norm == 0 }),
      layers.contains(where: { $0.rank != nil })
    {
      warnings.append("the adapter adds nothing yet: it has its initial values")
    }
    if folder.tensors.isEmpty { warnings.append("no tensors") }
    self.warnings = warnings
  }

  private static func grouped(_ tensors: [String: Tensor], _ prefix: String) -> [String: [String: Tensor]] {
    var groups: [String: [String: Tensor]] = [:]
    for (key, tensor) in tensors {
      let (layer, name) = split(key, prefix)
      groups[layer, default: [:]][name] = tensor
    }
    return groups
  }

  /// The layer that a tensor belongs to, and its name there; a prompt stands for itself.
  private static func split(_ key: String, _ prefix: String) -> (layer: String, name: String) {
    guard key.contains(".") else { return (key, key) }
    let parts = (key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : key).split(separator: ".").map(
      String.init)
    let own = ["lora_", "ia3_", "ln_tuning_layers", "bottleneck_", "token_adapter"]
    let place = parts.firstIndex { part in own.contains(where: part.hasPrefix) }
    let end = place ?? max(0, parts.count - 1)
    let path = parts[..<end].joined(separator: ".")
    // Weights and biases of the base go with the layer's factors; factors within a layer are those of another.
    let wrapper = ".base_layer"
    if place == nil, path.hasSuffix(wrapper) {
      return (String(path.dropLast(wrapper.count)), "base_layer.\(parts[end])")
    }
    return (AdapterFolder.layer(ofPath: path), parts[end...].joined(separator: "."))
  }

  private static func layer(_ name: String, _ tensors: [String: Tensor], _ update: LayerUpdate?) throws
    -> Layer
  {
    let parameters = tensors.values.reduce(0) { $0 + $1.count }
    guard let update else {
      let squares = try tensors.values.map { tensor -> Double in
        let norm: Double = try tensor.to(dtype: .float32).norm().item()
        return norm * norm
      }
      return Layer(
        name: name, rank: nil, effectiveRank: nil, norm: squares.reduce(0, +).squareRoot(),
        parameters: parameters)
    }
    // Of triplets nothing may be left, though an update has at least rank 1.
    let kept = tensors["lora_E"]?.shape.first
    let own = (tensors["lora_A.weight"] ?? tensors["lora_embedding_A"])?.shape.first.map {
      $0 / update.experts
    }
    return Layer(
      name: name, rank: kept ?? own ?? update.rank, effectiveRank: try effectiveRank(update),
      norm: try update.norm(), parameters: parameters)
  }

  private static func effectiveRank(_ update: LayerUpdate) throws -> Double? {
    // Experts have singular values of their own.
    guard update.experts == 1, let values = try? update.singularValues(), values.allSatisfy(\.isFinite) else {
      return nil
    }
    let sum = values.reduce(0, +)
    guard sum > 0 else { return 0 }
    return exp(-values.lazy.filter { $0 > 0 }.reduce(0) { $0 + $1 / sum * log($1 / sum) })
  }

  public var json: JSONObject {
    let entries = layers.map { layer -> JSONValue in
      [
        "name": .string(layer.name), "rank": layer.rank.map(JSONValue.int) ?? .null,
        "effective_rank": layer.effectiveRank.map(JSONValue.double) ?? .null, "norm": .double(layer.norm),
        "parameters": .int(layer.parameters),
      ]
    }
    return [
      "kind": "adapter", "method": .string(method), "peft_type": .string(method),
      "initialization": initialization.map(JSONValue.string) ?? .null,
      "base_model": configuration.shared.baseModel.map(JSONValue.string) ?? .null,
      "task_type": configuration.shared.taskType.map(JSONValue.string) ?? .null,
      "parameters": .int(parameters), "layers": .array(entries),
      "configuration": .object(configuration.json), "warnings": .array(warnings.map(JSONValue.string)),
    ]
  }
}
