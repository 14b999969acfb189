import NN

/// BART, and mBART, which normalizes before each sublayer.
///
/// Sources: Lewis et al. 2020, "BART: Denoising Sequence-to-Sequence Pre-training"; Liu et al. 2020, "Multilingual
/// Denoising Pre-training for Neural Machine Translation".
extension EncoderDecoderConfiguration {
  init(bart config: ModelConfiguration) throws {
    try self.init(bartLike: config)
    start = .token(try config.startID ?? 2)
  }

  init(mbart config: ModelConfiguration) throws {
    try self.init(bartLike: config)
    normalizesFirst = true
    (encoder.names.lastNorm, decoder.names.lastNorm) = ("layer_norm", "layer_norm")
    // The code of the text's language, which ends it in training.
    start = .lastToken(unlessTold: try config.startID ?? config.endOfTextIDs.first ?? 2)
  }

  private init(bartLike config: ModelConfiguration) throws {
    try config.refuseQuantization()
    vocabularySize = try config.size("vocab_size")
    hiddenSize = try config.size("d_model")
    func half(_ name: String) throws -> EncoderDecoderHalf {
      let heads = try config.size("\(name)_attention_heads", default: 16)
      try config.requireHeads(heads, of: config.size("d_model"), key: "d_model")
      return EncoderDecoderHalf(
        layerCount: try config.layerCount("\(name)_layers"), headCount: heads,
        intermediateSize: try config.size("\(name)_ffn_dim", default: 4096), names: EncoderDecoderNames(),
        layerDropout: try config.rate("\(name)_layerdrop", default: 0))
    }
    (encoder, decoder) = (try half("encoder"), try half("decoder"))
    guard encoder.headCount == decoder.headCount else {
      throw config.invalid(
        "decoder_attention_heads", "must be as many as encoder_attention_heads (\(encoder.headCount))")
    }
    headSize = hiddenSize / encoder.headCount
    let length = try config.size("max_position_embeddings", default: 1024)
    (positions, contextLength) = (.learned(count: length, offset: 2), (length, true))
    (normalizesFirst, normalizesEmbeddings, norm, hasBias) = (false, true, .layer, true)
    normEpsilon = 1e-5
    activation = try config.activation("activation_function", default: .gelu)
    if try config.value("scale_embedding", default: false) {
      embeddingScale = Double(hiddenSize).squareRoot()
    }
    dropout = try config.rate("dropout", default: 0.1)
    attentionDropout = try config.rate("attention_dropout", default: 0)
    feedForwardDropout = try config.rate("activation_dropout", default: 0)
    classifierDropout = try config.rate("classifier_dropout", default: 0)
    initializerRange = try config.value("init_std", default: 0.02)
    tiesEmbeddings = try config.value("tie_word_embeddings", default: true)
    paddingID = try config.value("pad_token_id", default: 1)
    start = .token(2)
  }
}
