import NN

/// OPT. Source: Zhang et al. 2022, "OPT: Open Pre-trained Transformer Language Models".
extension GPTConfiguration {
  init(opt config: ModelConfiguration) throws {
    try self.init(common: config, activation: .relu, ties: true)
    embeddingSize = try config.size("word_embed_proj_dim", default: hiddenSize)
    // Counting begins behind the number of the padding token.
    positions = .learned(table: "embed_positions", offset: 2)
    normEpsilon = 1e-5
    let normalizesBefore = try config.value("do_layer_norm_before", default: true)
    residual = normalizesBefore ? .sequential : .normalizedAfter
    guard try config.value("layer_norm_elementwise_affine", default: true) else {
      throw config.invalid("layer_norm_elementwise_affine", "only layer norms with parameters are supported")
    }
    let bias = try config.value("enable_bias", default: true)
    (queryKeyValueBias, outputBias, feedForwardBias) = (bias, bias, bias)
    let rate = try config.rate("dropout", default: 0.1)
    dropout = GPTDropout(
      attention: try config.rate("attention_dropout", default: 0), attentionOutput: rate, feedForward: rate)
    names.body = "model.decoder"
    (names.tokens, names.layers, names.attention) = ("embed_tokens", "layers", "self_attn")
    (names.attentionNorm, names.feedForwardNorm) = ("self_attn_layer_norm", "final_layer_norm")
    let hasNorm = try normalizesBefore && !config.value("_remove_final_layer_norm", default: false)
    names.finalNorm = hasNorm ? "final_layer_norm" : nil
    names.heads = .separate(query: "q_proj", key: "k_proj", value: "v_proj")
    (names.attentionOutput, names.up, names.down) = ("out_proj", "fc1", "fc2")
  }
}
