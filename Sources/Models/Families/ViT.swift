import NN

/// ViT. Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words".
extension ModelFamily {
  static let vit = vision(
    "vit", spares: ["pooler."], passengers: ["embeddings.mask_token"],
    spelling: Spelling(pieces: [
      ("encoder.layer.", "layers."), ("attention.attention.query", "attention.q_proj"),
      ("attention.attention.key", "attention.k_proj"), ("attention.attention.value", "attention.v_proj"),
      ("attention.output.dense", "attention.o_proj"), ("intermediate.dense", "mlp.fc1"),
      ("output.dense", "mlp.fc2"),
    ])
  ) { config in
    let vit = try VisionTransformer.Configuration(vit: config)
    return VisionDesign(classifierWidth: vit.block.hiddenSize, initial: vit.block.initial) { path, task in
      try VisionTransformer(path, vit, task: task)
    }
  }
}

extension VisionTransformer.Configuration {
  fileprivate init(vit config: ModelConfiguration) throws {
    let d = try config.size("hidden_size", default: 768)
    patches = try PatchConfiguration(config, patch: 16, hiddenSize: d)
    block = try PreNormConfiguration(
      hiddenSize: d, intermediateSize: config.size("intermediate_size", default: 3072),
      headCount: config.size("num_attention_heads", default: 12),
      activation: config.activation("hidden_act", default: .gelu),
      normEpsilon: config.value("layer_norm_eps", default: 1e-12),
      dropout: config.rate("hidden_dropout_prob", default: 0),
      attentionDropout: config.rate("attention_probs_dropout_prob", default: 0),
      hasProjectionBias: config.value("qkv_bias", default: true),
      initial: .normal(std: patches.initializerRange))
    block.names.attentionNorm = "layernorm_before"
    block.names.feedForwardNorm = "layernorm_after"
    dropout = block.dropout
    try config.requireHeads(block.headCount, of: d, key: "hidden_size")
    blocks = try (0..<config.layerCount("num_hidden_layers", default: 12)).map { "layers.\($0)" }
  }
}
