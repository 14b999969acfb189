import NN

/// DistilBERT: BERT with half the layers and no segments. Source: Sanh et al. 2019, "DistilBERT".
extension EncoderConfiguration {
  init(distilbert config: ModelConfiguration) throws {
    try config.refuseQuantization()
    vocabularySize = try config.size("vocab_size")
    hiddenSize = try config.size("dim")
    embeddingSize = hiddenSize
    intermediateSize = try config.size("hidden_dim")
    headCount = try config.size("n_heads")
    try config.requireHeads(headCount, of: hiddenSize, key: "dim")
    positionCount = try config.size("max_position_embeddings", default: 512)
    typeCount = 0
    paddingID = try config.value("pad_token_id", default: 0)
    activation = try config.activation("activation", default: .gelu)
    normEpsilon = 1e-12
    dropout = try config.rate("dropout", default: 0.1)
    feedForwardDropout = dropout
    attentionDropout = try config.rate("attention_dropout", default: 0.1)
    initializerRange = try config.value("initializer_range", default: 0.02)
    blocks = try (0..<config.layerCount("n_layers")).map { "transformer.layer.\($0)" }
    names = EncoderNames(
      query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
      attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm", up: "ffn.lin1", down: "ffn.lin2",
      outputNorm: "output_layer_norm")
    pooler = EncoderPooler(
      name: "pre_classifier", activation: .relu, heads: ["pre_classifier", "classifier"])
    classifierDropout = (try config.rate("seq_classif_dropout", default: 0.2), dropout)
    answerDropout = try config.rate("qa_dropout", default: 0.1)
    language = LanguageHeadDesign(
      dense: "vocab_transform", width: hiddenSize, activation: activation,
      norm: EncoderHeadNorm(name: "vocab_layer_norm", eps: normEpsilon), output: "vocab_projector",
      bias: "vocab_projector.bias")
  }
}
