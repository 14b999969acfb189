import NN

/// ALBERT: narrow tables, and groups of layers that share their weights. Source: Lan et al. 2020, "ALBERT".
extension EncoderConfiguration {
  init(albert config: ModelConfiguration) throws {
    try self.init(bertLike: config, prefix: "albert")
    embeddingSize = try config.size("embedding_size", default: 128)
    activation = try config.activation("hidden_act", default: .geluNew)
    dropout = try config.rate("hidden_dropout_prob", default: 0)
    feedForwardDropout = 0
    attentionDropout = try config.rate("attention_probs_dropout_prob", default: 0)
    let layers = blocks.count
    let groups = try config.size("num_hidden_groups", default: 1)
    guard groups <= layers else {
      throw config.invalid("num_hidden_groups", "must be at most the \(layers) layers")
    }
    let members = try config.size("inner_group_num", default: 1)
    guard members <= 100 else { throw config.invalid("inner_group_num", "must be at most 100") }
    blocks = (0..<layers).flatMap { layer in
      (0..<members).map { "encoder.albert_layer_groups.\(layer * groups / layers).albert_layers.\($0)" }
    }
    names = EncoderNames(
      projection: "encoder.embedding_hidden_mapping_in", query: "attention.query", key: "attention.key",
      value: "attention.value", attentionOutput: "attention.dense", attentionNorm: "attention.LayerNorm",
      up: "ffn", down: "ffn_output", outputNorm: "full_layer_layer_norm")
    pooler = EncoderPooler(name: "albert.pooler")
    let rate = try config.rate("classifier_dropout_prob", default: 0.1)
    classifierDropout = (rate, rate)
    language = LanguageHeadDesign(
      dense: "predictions.dense", width: embeddingSize, activation: activation,
      norm: EncoderHeadNorm(name: "predictions.LayerNorm", eps: normEpsilon), output: "predictions.decoder",
      bias: "predictions.bias")
  }
}
