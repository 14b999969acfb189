import Configuration
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

  /// - Throws: what reading the folder throws.
  public init(_ folder: AdapterFolder) throws {
    configuration = folder.configuration
    method = type(of: folder.configuration.method).peftType
    let fields = folder.configuration.json
    let start = (folder.configuration.method as? LoRA)?.initialization
    initialization = start.map { $0.json.stringValue ?? $0.json.serialized() }
    let groups = Self.grouped(folder.tensors)
    // What was taken off the base at the start is no part of what the adapter adds.
    let whole = folder.initial.isEmpty ? groups : Self.grouped(try folder.ordinaryLoRA().tensors)
    layers = try groups.keys.sorted(by: NaturalOrder.isBefore).map { name in
      try Self.layer(
        name, groups[name] ?? [:], whole: whole[name] ?? [:], method: folder.configuration.method,
        fields: fields)
    }
    var warnings: [String] = []
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

  private static func grouped(_ tensors: [String: Tensor]) -> [String: [String: Tensor]] {
    var groups: [String: [String: Tensor]] = [:]
    for (key, tensor) in tensors {
      let (layer, name) = split(key)
      groups[layer, default: [:]][name] = tensor
    }
    return groups
  }

  /// The layer that a tensor belongs to, and its name there.
  private static func split(_ key: String) -> (layer: String, name: String) {
    let prefix = "base_model.model."
    let parts = (key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : key).split(separator: ".").map(
      String.init)
    let own = ["lora_", "ia3_", "ln_tuning_layers", "bottleneck_", "base_layer"]
    let place = parts.firstIndex { part in own.contains(where: part.hasPrefix) }
    let end = place ?? max(0, parts.count - 1)
    return (parts[..<end].joined(separator: "."), parts[end...].joined(separator: "."))
  }

  private static func layer(
    _ name: String, _ tensors: [String: Tensor], whole: [String: Tensor], method: any AdapterMethod,
    fields: JSONObject
  ) throws -> Layer {
    func tensor(_ names: String...) throws -> Tensor? {
      try names.lazy.compactMap { whole[$0] }.first?.to(dtype: .float32)
    }
    let parameters = tensors.values.reduce(0) { $0 + $1.count }
    var a = try tensor("lora_A.weight", "lora_A", "lora_embedding_A")
    let b = try tensor("lora_B.weight", "lora_B", "lora_embedding_B")
    guard let width = a?.shape.first, let b, a?.rank == 2, b.rank == 2, b.shape[1] == width else {
      let squares = try tensors.values.map { tensor -> Double in
        let norm: Double = try tensor.to(dtype: .float32).norm().item()
        return norm * norm
      }
      return Layer(name: name, rank: nil, norm: squares.reduce(0, +).squareRoot(), parameters: parameters)
    }
    let rank = (tensors["lora_A.weight"] ?? tensors["lora_embedding_A"])?.shape.first ?? width
    if let e = try tensor("lora_E") { a = try a.map { try $0 * e } }
    if let r = try tensor("lora_latent_mapping.weight") { a = try a.map { try r.mm($0) } }
    guard let a else { return Layer(name: name, rank: rank, norm: 0, parameters: parameters) }
    // The norm of B A without making it: the trace of (B^T B)(A A^T).
    let square: Double = try (b.t().mm(b) * a.mm(a.t())).sum().item()
    let norm = max(0, square).squareRoot() * (try scaling(of: name, rank, method, fields))
    return Layer(name: name, rank: rank, norm: norm, parameters: parameters)
  }

  private static func scaling(
    of name: String, _ rank: Int, _ method: any AdapterMethod, _ fields: JSONObject
  ) throws -> Double {
    if let lora = method as? LoRA { return try lora.scaling(for: name) }
    if let edora = method as? EDoRA { return try edora.scaling(for: name) }
    return (fields["lora_alpha"]?.doubleValue ?? Double(rank)) / Double(max(1, rank))
  }

  public var json: JSONObject {
    let entries = layers.map { layer -> JSONValue in
      [
        "name": .string(layer.name), "rank": layer.rank.map(JSONValue.int) ?? .null,
        "norm": .double(layer.norm),
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
