import NN

/// ELECTRA: BERT with narrower tables. Source: Clark et al. 2020, "ELECTRA".
extension EncoderConfiguration {
  init(electra config: ModelConfiguration) throws {
    try self.init(bertLike: config, prefix: "electra")
    embeddingSize = try config.size("embedding_size", default: 128)
    if embeddingSize != hiddenSize { names.projection = "embeddings_project" }
    pooler = EncoderPooler(
      name: "classifier.dense", activation: .gelu, dropsInput: true, output: "classifier.out_proj")
  }
}
