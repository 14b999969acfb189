import NN

/// ELECTRA: BERT with narrower tables. Source: Clark et al. 2020, "ELECTRA".
extension EncoderConfiguration {
  init(electra config: ModelConfiguration) throws {
    try self.init(bertLike: config, prefix: "electra")
    embeddingSize = try config.size("embedding_size", default: 128)
    if embeddingSize != hiddenSize { names.projection = "embeddings_project" }
    pooler = EncoderPooler(
      name: "classifier.dense", activation: .gelu, inputDropout: classifierDropout.text,
      output: "classifier.out_proj")
    language = LanguageHeadDesign(
      dense: "generator_predictions.dense", width: embeddingSize, activation: .gelu,
      norm: EncoderHeadNorm(name: "generator_predictions.LayerNorm", eps: normEpsilon),
      output: "generator_lm_head",
      bias: "generator_lm_head.bias")
  }
}
