import Files
import JSON
import NN
import Safetensors
import Torch

/// mlx-lm's adapters: `PATH.lora_a` [in, r] and `PATH.lora_b` [r, out], one rank and scale for all, in
/// adapters.safetensors beside adapter_config.json. Magnitudes of DoRA are `PATH.m`.
///
/// Source: github.com/ml-explore/mlx-lm, mlx_lm/tuner.
enum MLXFormat {
  static let fileName = "adapters.safetensors"

  static func read(_ place: AdapterPlace) throws -> AdapterFolder {
    let configuration = try place.configuration() ?? JSONObject()
    let parameters = configuration["lora_parameters"] ?? .object(configuration)
    let type = configuration["fine_tune_type"]?.stringValue ?? "lora"
    guard ["lora", "dora"].contains(type) else {
      throw AdapterError("fine_tune_type is '\(type)', \(place.path): only lora and dora are adapters")
    }
    let tensors = try place.tensors()
    var portable = PortableAdapter([])
    for (key, a) in tensors where key.hasSuffix(".lora_a") {
      let layer = String(key.dropLast(".lora_a".count))
      guard let b = tensors["\(layer).lora_b"], a.rank == 2, b.rank == 2 else {
        throw AdapterError(
          "\(layer) has no pair of matrices, \(place.path): only those of plain layers are read")
      }
      let rank = Double(max(1, a.shape[1]))
      let scale =
        parameters["scale"]?.doubleValue ?? parameters["alpha"]?.doubleValue.map { $0 / rank } ?? usualScale
      portable.updates.append(
        try LayerUpdate(
          layer: layer, form: LoralibFormat.isEmbedding(layer) ? .embedding : .linear, a: a.t().contiguous(),
          b: b.t().contiguous(), scale: scale))
      if let magnitude = tensors["\(layer).m"] { portable.magnitudes[layer] = magnitude }
    }
    var folder = try portable.folder()
    if var method = folder.configuration.method as? LoRA {
      method.dropout = parameters["dropout"]?.doubleValue ?? 0
      try method.validate()
      folder.configuration.method = method
    }
    folder.configuration.shared.baseModel = configuration["model"]?.stringValue
    return folder
  }

  /// mlx-lm's default, which old files leave out.
  private static let usualScale = 20.0

  static func write(_ adapter: AdapterFolder, to path: String) throws {
    let portable = try PortableAdapter(adapter, for: .mlx)
    let (updates, scale) = try portable.evenlyScaled()
    let rank = updates.map(\.rank).max() ?? 1
    var tensors: [String: Tensor] = [:]
    for update in updates {
      guard update.form != .convolution else {
        throw AdapterError("\(update.layer) is a convolution, which mlx-lm does not adapt")
      }
      // One rank for all: what is missing is zeros, which add nothing.
      let missing = rank - update.rank
      tensors["\(update.layer).lora_a"] = try update.a.t().padded([0, missing]).contiguous()
      tensors["\(update.layer).lora_b"] = try update.b.t().padded([0, 0, 0, missing]).contiguous()
      tensors["\(update.layer).m"] = portable.magnitudes[update.layer]
    }
    let dropout = (adapter.configuration.method as? LoRA)?.dropout ?? 0
    let (keys, blocks) = places(updates.map(\.layer))
    let configuration: JSONObject = [
      "fine_tune_type": .string(portable.magnitudes.isEmpty ? "lora" : "dora"),
      "lora_parameters": [
        "dropout": .double(dropout), "keys": .array(keys.map(JSONValue.string)), "rank": .int(rank),
        "scale": .double(scale),
      ],
      "model": adapter.configuration.shared.baseModel.map(JSONValue.string) ?? .null,
      "num_layers": .int(blocks),
    ]
    try Folder.create(path)
    try SafetensorsWriter.write(tensors, to: Folder.join(path, fileName))
    try AtomicFile.write(
      Folder.join(path, AdapterFolder.configurationName),
      JSONValue.object(configuration).serialized(indent: 4, sortedKeys: true))
  }

  /// Names of the modules inside a block (whole paths outside), and how many of the last blocks are adapted; -1 for all.
  private static func places(_ layers: [String]) -> (keys: [String], blocks: Int) {
    var (keys, indices) = (Set<String>(), Set<Int>())
    for layer in layers {
      let parts = layer.split(separator: ".").map(String.init)
      if let place = parts.firstIndex(where: { Int($0) != nil }), let index = Int(parts[place]) {
        keys.insert(parts[(place + 1)...].joined(separator: "."))
        indices.insert(index)
      } else {
        keys.insert(layer)
      }
    }
    guard let first = indices.min(), let last = indices.max(), first > 0 else { return (keys.sorted(), -1) }
    return (keys.sorted(), last - first + 1)
  }
}
