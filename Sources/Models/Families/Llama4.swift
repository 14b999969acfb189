import JSON
import NN

/// Llama 4's language model: chunks where heads turn, sharper attention where they do not, experts beside one that all
/// tokens go through.
///
/// Source: Meta 2025, "The Llama 4 herd" (`modeling_llama4.py` of transformers).
extension DecoderConfiguration {
  init(llama4 config: ModelConfiguration) throws {
    try self.init(
      common: config, keyValueHeads: 8, headSize: 128, contextLength: 4096 * 32, eps: ("rms_norm_eps", 1e-5),
      theta: 500_000)
    try readAttentionBias(config)
    rotaries[0].pairs = .neighbours
    if try config.value("use_qk_norm", default: true) { headNorm = .afterTurning }
    if try config.value("attn_temperature_tuning", default: true) {
      temperature = AttentionTemperature(
        step: Double(try config.size("floor_scale", default: 8192)),
        strength: try config.value("attn_scale", default: 0.1))
    }
    try readKinds(config)
    var mixture = try MixtureConfiguration(
      config, experts: ("num_local_experts", 16), chosen: 1, width: intermediateSize, isNormalized: false)
    (mixture.place, mixture.router, feedForwardPlace) = ("feed_forward", "router", "feed_forward")
    (mixture.weighing, mixture.isTransposed) = (.inputs, true)
    (mixture.sharedSize, mixture.hasSharedGate) = (intermediateSize, false)
    // Training does not weigh how tokens are spread, whatever the file says.
    mixture.imbalanceWeight = nil
    self.mixture = mixture
    intermediateSize = try config.size("intermediate_size_mlp", default: 16384)
    let step = try config.size("interleave_moe_layer_step", default: 1)
    let places: [Int]? = try config.optional("moe_layers")
    for index in layers.indices {
      layers[index].hasExperts = places?.contains(index) ?? ((index + 1) % step == 0)
    }
  }

  /// Which layers turn, and which see a chunk only: unless it is said, those that turn.
  private mutating func readKinds(_ config: ModelConfiguration) throws {
    let interval = try config.size("no_rope_layer_interval", default: 4)
    var turning: [Int] = try config.optional("no_rope_layers") ?? []
    if turning.isEmpty { turning = (1...layerCount).map { $0 % interval == 0 ? 0 : 1 } }
    guard turning.count >= layerCount else {
      throw config.invalid("no_rope_layers", "must have 0 or 1 for each of the \(layerCount) layers")
    }
    let (chunked, full) = ("chunked_attention", "full_attention")
    let kinds: [String] =
      try config.optional("layer_types") ?? (0..<layerCount).map { turning[$0] == 0 ? full : chunked }
    guard kinds.count == layerCount, kinds.allSatisfy({ $0 == chunked || $0 == full }) else {
      throw config.invalid(
        "layer_types", "must name \(chunked) or \(full) for each of the \(layerCount) layers")
    }
    let isNull = config.raw["attention_chunk_size"]?.isNull == true
    let size = isNull ? nil : try config.size("attention_chunk_size", default: 8192)
    guard size != nil || !kinds.contains(chunked) else {
      throw config.invalid("attention_chunk_size", "must be at least 1, for layers with \(chunked)")
    }
    for index in layers.indices {
      if turning[index] == 0 { layers[index].rotary = nil }
      if kinds[index] == chunked { layers[index].chunk = size }
    }
  }
}
