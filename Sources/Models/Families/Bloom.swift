import NN

/// BLOOM. Source: BigScience 2022, "BLOOM: A 176B-Parameter Open-Access Multilingual Language Model".
extension GPTConfiguration {
  init(bloom config: ModelConfiguration) throws {
    try self.init(common: config, activation: .geluTanh, ties: true)
    // The family has no keys for these.
    (activation, intermediateSize) = (.geluTanh, 4 * hiddenSize)
    positions = .alibi(ALiBi(headCount: headCount))
    let isOnNorm = try config.value("apply_residual_connection_post_layernorm", default: false)
    residual = isOnNorm ? .sequentialOnNorm : .sequential
    let hidden = try config.rate("hidden_dropout", default: 0)
    dropout = GPTDropout(
      attention: try config.rate("attention_dropout", default: 0), attentionOutput: hidden,
      feedForward: hidden)
    tokenClassifier = ("classifier", try config.rate("classifier_dropout", default: hidden))
    names = .megatron
    names.embeddingNorm = "word_embeddings_layernorm"
    names.heads = .fused("query_key_value", partitions: headCount)
  }
}
