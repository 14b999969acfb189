import NN

/// Phi 1 to 2. Source: Li et al. 2023, "Textbooks Are All You Need II: phi-1.5 technical report".
extension GPTConfiguration {
  init(phi config: ModelConfiguration) throws {
    try self.init(common: config, activation: .geluNew, ties: false)
    try groupHeads(config)
    positions = .rotary(
      try RotaryEmbedding(
        config, dimensions: headSize, contextLength: contextLength, usualShare: 0.5))
    residual = .parallel(sharesNorm: true)
    headBias = true
    headNorm = try config.value("qk_layernorm", default: false) ? .shared : nil
    let rate = try config.rate("resid_pdrop", default: 0)
    dropout = GPTDropout(
      embedding: try config.rate("embd_pdrop", default: 0),
      attention: try config.rate("attention_dropout", default: 0), attentionOutput: rate, feedForward: rate)
    names = .llama
    (names.finalNorm, names.attentionOutput) = ("final_layernorm", "dense")
    (names.up, names.down) = ("mlp.fc1", "mlp.fc2")
  }

  /// Reads `num_key_value_heads`.
  mutating func groupHeads(_ config: ModelConfiguration, usual: Int? = nil) throws {
    let key = "num_key_value_heads"
    keyValueHeadCount = try config.size(key, default: usual ?? headCount)
    guard headCount % keyValueHeadCount == 0 else {
      throw config.invalid(key, "must divide num_attention_heads (\(headCount))")
    }
  }
}

extension GPTNames {
  /// The names of Llama's parts, where they have the same.
  static var llama: GPTNames {
    var names = GPTNames()
    (names.body, names.tokens, names.layers, names.finalNorm) = ("model", "embed_tokens", "layers", "norm")
    (names.attentionNorm, names.feedForwardNorm) = ("input_layernorm", "post_attention_layernorm")
    (names.attention, names.attentionOutput) = ("self_attn", "o_proj")
    names.heads = .separate(query: "q_proj", key: "k_proj", value: "v_proj")
    return names
  }
}
