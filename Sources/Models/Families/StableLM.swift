import NN

/// StableLM 3B and StableLM 2. Source: Bellagente et al. 2024, "Stable LM 2 1.6B Technical Report".
extension GPTConfiguration {
  init(stablelm config: ModelConfiguration) throws {
    try self.init(common: config, activation: .silu, ties: false, contextLength: 4096)
    try groupHeads(config)
    positions = .rotary(
      try RotaryEmbedding(
        config, dimensions: headSize, contextLength: contextLength, usualShare: 0.25))
    let isParallel = try config.value("use_parallel_residual", default: false)
    residual = isParallel ? .parallel(sharesNorm: true) : .sequential
    queryKeyValueBias = try config.value("use_qkv_bias", default: false)
    (outputBias, feedForwardBias) = (false, false)
    headNorm = try config.value("qk_layernorm", default: false) ? .own : nil
    let hidden = try config.rate("hidden_dropout", default: 0)
    dropout = GPTDropout(attention: try config.rate("attention_dropout", default: 0), feedForward: hidden)
    tokenClassifier = ("score", try config.rate("classifier_dropout", default: hidden))
    names = .llama
    (names.gate, names.up, names.down) = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
  }
}
