import JSON

/// A model made deeper by building some of its layers several times from the same weights.
///
/// Ranges of layers `[start, end)` are stacked in order: of a model with five layers, `[[0, 4], [2, 5]]` makes one with
/// the layers 0, 1, 2, 3, 2, 3, 4. Source: `replicate_layers` of PEFT 0.21.
struct LayerReplication: Sendable {
  /// For each layer of the deeper model the layer of the checkpoint that it is.
  let sources: [Int]
  private let layerCount: Int

  /// - Throws: ``ModelError`` for ranges that are none, or that go beyond the model, and for a family whose layers
  ///   cannot be repeated.
  init(_ ranges: [[Int]], of config: ModelConfiguration, _ family: ModelFamily) throws {
    guard family.repeatsLayers else {
      throw ModelError(
        "layer_replication, for model_type \(family.modelType): its layers cannot be repeated; leave "
          + "layer_replication out of the adapter's configuration")
    }
    layerCount = try config.layerCount(config.layerCountKey)
    var sources: [Int] = []
    for range in ranges {
      guard range.count == 2, range[0] >= 0, range[0] < range[1], range[1] <= layerCount else {
        throw ModelError(
          "layer_replication has \(range), for a model of \(layerCount) layers: give ranges [start, end) "
            + "from 0 to \(layerCount)")
      }
      sources += range[0]..<range[1]
    }
    guard !sources.isEmpty, sources.count <= 10_000 else {
      throw ModelError("layer_replication makes \(sources.count) layers: give ranges that make 1 to 10000")
    }
    self.sources = sources
  }

  /// The configuration of the deeper model; lists with an element for each layer are stacked too.
  func applied(to config: ModelConfiguration) throws -> ModelConfiguration {
    var changed = config
    for (key, value) in config.raw {
      guard let list = value.arrayValue, list.count == layerCount, key != "architectures" else { continue }
      changed.raw[key] = .array(sources.map { list[$0] })
    }
    if try config.value("use_sliding_window", default: false), config.raw["layer_types"]?.arrayValue == nil {
      // The kind of a layer goes by its place, unless it is named.
      let first = try config.value("max_window_layers", default: 28)
      changed.raw["layer_types"] = .array(
        sources.map { .string($0 >= first ? "sliding_attention" : "full_attention") })
    }
    changed.raw[config.layerCountKey] = .int(sources.count)
    return changed
  }

  /// The checkpoint's name of a parameter of the deeper model: the first number in a name is that of its layer.
  func origin(of name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.firstIndex(where: { Int($0) != nil }), let index = Int(parts[place]),
      sources.indices.contains(index)
    else { return name }
    parts[place] = String(sources[index])
    return parts.joined(separator: ".")
  }
}
