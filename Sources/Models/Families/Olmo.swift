/// OLMo: norms without weights, and clipped queries, keys and values. Source: Groeneveld et al. 2024, "OLMo".
extension DecoderConfiguration {
  init(olmo config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 2048)
    try readAttentionBias(config)
    norms.kind = .plain
    normEpsilon = 1e-5
    clip = try config.cap("clip_qkv", usual: nil)
  }

  /// OLMo 2: norms after, and over all heads' queries and keys. Source: OLMo Team 2025, "2 OLMo 2 Furious".
  init(olmo2 config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 2048, eps: ("rms_norm_eps", 1e-5))
    try readAttentionBias(config)
    norms = .after
    headNorm = .together
  }

  /// OLMo 3: OLMo 2 with a window in three of four layers. Source: Olmo Team 2025, "Olmo 3".
  init(olmo3 config: ModelConfiguration) throws {
    try self.init(
      common: config, contextLength: 2048, eps: ("rms_norm_eps", 1e-5),
      rotaries: { size, length in
        // In older files the base is that of full attention.
        try [("full_attention", "rope_theta"), ("sliding_attention", nil)].map { kind, key in
          try RotaryEmbedding(
            config, kind: kind, dimensions: size, contextLength: length, theta: (key, 500_000))
        }
      })
    try readAttentionBias(config)
    norms = .after
    headNorm = .together
    let kinds = try config.layerKinds(layerCount) { ($0 + 1) % 4 != 0 }
    try slide(config, kinds: kinds, window: config.window(usual: 4096))
    for (index, kind) in kinds.enumerated() where kind == "sliding_attention" { layers[index].rotary = 1 }
  }

  /// OLMoE: OLMo 2's heads, Llama's norms, experts in every layer. Source: Muennighoff et al. 2024, "OLMoE".
  init(olmoe config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 4096, eps: ("rms_norm_eps", 1e-5))
    try readAttentionBias(config)
    headNorm = .together
    clip = try config.cap("clip_qkv", usual: nil)
    mixture = try MixtureConfiguration(
      config, experts: ("num_experts", 64), chosen: 8, width: intermediateSize,
      isNormalized: config.value("norm_topk_prob", default: false), imbalance: 0.01)
    for index in layers.indices { layers[index].hasExperts = true }
  }
}

extension ModelFamily {
  static let olmoe = ModelFamily.mixture("olmoe", DecoderConfiguration.init(olmoe:))
}
