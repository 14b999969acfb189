import NN

/// StarCoder 2. Source: Lozhkov et al. 2024, "StarCoder 2 and The Stack v2".
extension GPTConfiguration {
  init(starcoder2 config: ModelConfiguration) throws {
    try self.init(common: config, activation: .geluTanh, ties: true, contextLength: 4096)
    try groupHeads(config, usual: 2)
    positions = .rotary(try RotaryEmbedding(config, dimensions: headSize, contextLength: contextLength))
    window = try config.optional("sliding_window")
    if let window, window < 1 { throw config.invalid("sliding_window", "must be at least 1, or null") }
    let bias = try config.value("use_bias", default: true)
    (queryKeyValueBias, outputBias, feedForwardBias) = (bias, bias, bias)
    let rate = try config.rate("residual_dropout", default: 0)
    dropout = GPTDropout(
      embedding: try config.rate("embedding_dropout", default: 0),
      attention: try config.rate("attention_dropout", default: 0), attentionOutput: rate, feedForward: rate)
    names = .llama
    (names.up, names.down) = ("mlp.c_fc", "mlp.c_proj")
  }
}
