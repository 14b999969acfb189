import NN

/// Falcon, and its first checkpoints, which call themselves RefinedWeb. Source: Almazrouei et al. 2023, "The Falcon
/// Series of Open Language Models".
extension GPTConfiguration {
  init(falcon config: ModelConfiguration) throws {
    try self.init(falcon: config, groupsHeads: config.value("new_decoder_architecture", default: false))
  }

  /// Source: the code that Falcon-40B was published with.
  init(refinedWeb config: ModelConfiguration) throws { try self.init(falcon: config, groupsHeads: true) }

  /// - Parameter groupsHeads: whether groups of heads share keys and values, as in Falcon-40B.
  private init(falcon config: ModelConfiguration, groupsHeads: Bool) throws {
    try self.init(common: config, activation: .gelu, ties: true)
    let shares = try config.value("multi_query", default: true)
    let groupKey = config.key("num_kv_heads", "n_head_kv")
    keyValueHeadCount =
      groupsHeads ? try config.size(groupKey, default: headCount) : shares ? 1 : headCount
    guard headCount % keyValueHeadCount == 0 else {
      throw config.invalid(groupKey, "must divide the number of heads (\(headCount))")
    }
    let hasALiBi = try config.value("alibi", default: false)
    positions =
      hasALiBi
      ? .alibi(ALiBi(headCount: headCount, scale: 1 / Double(headSize).squareRoot(), rounds: true))
      : .rotary(try RotaryEmbedding(config, dimensions: headSize, contextLength: contextLength))
    let bias = try config.value("bias", default: false)
    (queryKeyValueBias, outputBias, feedForwardBias) = (bias, bias, bias)
    names = .megatron
    names.heads = .fused("query_key_value", partitions: keyValueHeadCount)
    let isParallel = try config.value("parallel_attn", default: true)
    let normCount = try config.size("num_ln_in_parallel_attn", default: groupsHeads ? 2 : 1)
    guard isParallel || !groupsHeads else {
      throw config.invalid("parallel_attn", "must be true with new_decoder_architecture")
    }
    guard normCount <= (groupsHeads ? 2 : 1) else {
      throw config.invalid("num_ln_in_parallel_attn", "must be 1, or 2 with new_decoder_architecture")
    }
    residual = isParallel ? .parallel(sharesNorm: normCount == 1) : .sequential
    if groupsHeads, normCount == 2 { (names.attentionNorm, names.feedForwardNorm) = ("ln_attn", "ln_mlp") }
    let (hidden, attention) = (
      try config.rate("hidden_dropout", default: 0), try config.rate("attention_dropout", default: 0)
    )
    // As in transformers, attention without biases drops nothing by itself.
    dropout = GPTDropout(
      attention: hasALiBi ? attention : 0, attentionOutput: isParallel ? hidden : attention,
      feedForward: hidden)
    tokenClassifier = ("classifier", try config.rate("classifier_dropout", default: hidden))
  }
}
