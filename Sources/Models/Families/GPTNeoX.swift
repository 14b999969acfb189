import NN

/// GPT-NeoX and Pythia. Source: Black et al. 2022, "GPT-NeoX-20B".
extension GPTConfiguration {
  init(gptNeoX config: ModelConfiguration) throws {
    try self.init(common: config, activation: .gelu, ties: false)
    positions = .rotary(
      try RotaryEmbedding(
        config, dimensions: headSize, contextLength: contextLength,
        defaultTheta: config.value("rotary_emb_base", default: 10000),
        usualShare: config.value("rotary_pct", default: 0.25)))
    let isParallel = try config.value("use_parallel_residual", default: true)
    residual = isParallel ? .parallel(sharesNorm: false) : .sequential
    queryKeyValueBias = try config.value("attention_bias", default: true)
    outputBias = queryKeyValueBias
    let hidden = try config.rate("hidden_dropout", default: 0)
    dropout = GPTDropout(
      embedding: hidden, attention: try config.rate("attention_dropout", default: 0),
      attentionOutput: hidden, feedForward: hidden)
    tokenClassifier = ("classifier", try config.rate("classifier_dropout", default: 0.1))
    names = .megatron
    (names.body, names.tokens, names.layers) = ("gpt_neox", "embed_in", "layers")
    (names.finalNorm, names.attention) = ("final_layer_norm", "attention")
    names.heads = .fused("query_key_value", partitions: headCount)
  }
}

extension GPTNames {
  /// What models trained with Megatron have in common.
  static var megatron: GPTNames {
    var names = GPTNames()
    names.tokens = "word_embeddings"
    (names.attentionNorm, names.feedForwardNorm) = ("input_layernorm", "post_attention_layernorm")
    (names.attention, names.attentionOutput) = ("self_attention", "dense")
    (names.up, names.down) = ("mlp.dense_h_to_4h", "mlp.dense_4h_to_h")
    return names
  }
}
