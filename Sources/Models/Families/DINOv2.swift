import NN

/// DINOv2, and with registers. Source: Oquab et al. 2024, "DINOv2: Learning Robust Visual Features without Supervision";
/// Darcet et al. 2024, "Vision Transformers Need Registers".
extension ModelFamily {
  static let dinov2 = dino("dinov2", registers: 0)
  static let dinov2WithRegisters = dino("dinov2_with_registers", registers: 4)

  private static func dino(_ modelType: String, registers: Int) -> ModelFamily {
    vision(
      modelType, passengers: ["embeddings.mask_token"],
      spelling: Spelling(pieces: [
        ("attention.attention.query", "attention.q_proj"), ("attention.attention.key", "attention.k_proj"),
        ("attention.attention.value", "attention.v_proj"), ("attention.output.dense", "attention.o_proj"),
      ])
    ) { config in
      let dino = try VisionTransformer.Configuration(dinov2: config, registers: registers)
      return VisionDesign(classifierWidth: 2 * dino.block.hiddenSize, initial: dino.block.initial) {
        path, task in
        try VisionTransformer(path, dino, task: task)
      }
    }
  }
}

extension VisionTransformer.Configuration {
  fileprivate init(dinov2 config: ModelConfiguration, registers: Int) throws {
    if try config.value("use_swiglu_ffn", default: false) {
      throw config.invalid(
        "use_swiglu_ffn", "gated feed-forward layers are not supported for this model_type")
    }
    let d = try config.size("hidden_size", default: 768)
    let ratio = try config.value("mlp_ratio", default: 4.0)
    guard (0.01...100).contains(ratio) else { throw config.invalid("mlp_ratio", "must be from 0.01 to 100") }
    patches = try PatchConfiguration(config, patch: 14, hiddenSize: d)
    if registers > 0 {
      patches.registerCount = try config.size("num_register_tokens", default: registers)
      patches.isSmooth = true
    }
    block = try PreNormConfiguration(
      hiddenSize: d, intermediateSize: max(1, Int(Double(d) * ratio)),
      headCount: config.size("num_attention_heads", default: 12),
      activation: config.activation("hidden_act", default: .gelu),
      normEpsilon: config.value("layer_norm_eps", default: 1e-6),
      attentionDropout: config.rate("attention_probs_dropout_prob", default: 0),
      pathDropout: config.rate("drop_path_rate", default: 0),
      hasProjectionBias: config.value("qkv_bias", default: true),
      scaleStart: config.value("layerscale_value", default: 1),
      initial: .normal(std: patches.initializerRange))
    dropout = try config.rate("hidden_dropout_prob", default: 0)
    try config.requireHeads(block.headCount, of: d, key: "hidden_size")
    blocks = try (0..<config.layerCount("num_hidden_layers", default: 12)).map { "encoder.layer.\($0)" }
    reading = .firstAndMean
  }
}
