import JSON

/// Qwen 2 and 3 with experts: in every layer, every so many, or all but some.
extension DecoderConfiguration {
  /// Source: Yang et al. 2024, "Qwen2 Technical Report", section 2.2.2.
  init(qwen2moe config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 16, contextLength: 32768)
    queryKeyValueBias = try config.value("qkv_bias", default: true)
    let isWindowed = try config.value("use_sliding_window", default: false)
    let last = try config.value("max_window_layers", default: 28)
    let kinds = try config.layerKinds(layerCount) { isWindowed && $0 % 2 == 0 && $0 < last }
    try slide(config, kinds: kinds, window: isWindowed ? config.window(usual: 4096) : nil)
    try readExperts(config, experts: 60, chosen: 4, width: 1408)
    mixture?.sharedSize = try config.size("shared_expert_intermediate_size", default: 5632)
  }

  /// Source: Yang et al. 2025, "Qwen3 Technical Report".
  init(qwen3moe config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 4, contextLength: 32768)
    try readAttentionBias(config)
    headNorm = .each
    if try config.value("use_sliding_window", default: false) {
      let window = try config.window(usual: 4096)
      for index in layers.indices { layers[index].window = window }
    }
    try readExperts(config, experts: 128, chosen: 8, width: 768)
  }

  private mutating func readExperts(
    _ config: ModelConfiguration, experts: Int, chosen: Int, width: Int
  ) throws {
    let key = config.raw["num_experts"] == nil ? "num_local_experts" : "num_experts"
    mixture = try MixtureConfiguration(
      config, experts: (key, experts), chosen: chosen,
      width: config.size("moe_intermediate_size", default: width),
      isNormalized: config.value("norm_topk_prob", default: false))
    let step = try config.size("decoder_sparse_step", default: 1)
    let dense: [Int] = try config.value("mlp_only_layers", default: [])
    for index in layers.indices where !dense.contains(index) && (index + 1) % step == 0 {
      layers[index].hasExperts = true
    }
  }
}

extension ModelFamily {
  static let qwen2moe = ModelFamily.mixture("qwen2_moe", DecoderConfiguration.init(qwen2moe:))
  static let qwen3moe = ModelFamily.mixture("qwen3_moe", DecoderConfiguration.init(qwen3moe:))
}
