import JSON
import NN

/// T5, mT5 and UMT5: biases by distance, no biases else, scores that are not scaled.
///
/// Sources: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer";
/// Xue et al. 2021, "mT5"; Chung et al. 2023, "UniMax" (UMT5, whose layers have biases of their own).
extension EncoderDecoderConfiguration {
  /// Reading tokens and making vectors takes the encoder alone.
  static let t5Tasks: [ModelTask] = [
    .seq2seqLM, .sequenceClassification, .tokenClassification, .featureExtraction,
  ]

  init(t5 config: ModelConfiguration) throws {
    try self.init(t5Like: config)
    // The first T5 scales what goes into the output embedding, the later ones do not; both tie it where they have one.
    let isFirst = try config.value("tie_word_embeddings", default: true)
    if try config.value("scale_decoder_outputs", default: isFirst) {
      outputScale = 1 / Double(hiddenSize).squareRoot()
    }
  }

  init(mt5 config: ModelConfiguration) throws { try self.init(t5Like: config, gated: true) }

  init(umt5 config: ModelConfiguration) throws {
    try self.init(t5Like: config, gated: true, inEveryLayer: true)
    if try config.value("tie_word_embeddings", default: true) {
      outputScale = 1 / Double(hiddenSize).squareRoot()
    }
  }

  private init(
    t5Like config: ModelConfiguration, gated: Bool = false, inEveryLayer: Bool = false
  ) throws {
    try config.refuseQuantization()
    vocabularySize = try config.size("vocab_size")
    hiddenSize = try config.size("d_model")
    headSize = try config.size("d_kv", default: 64)
    let layers = try config.layerCount("num_layers")
    let kind = try config.value("feed_forward_proj", default: gated ? "gated-gelu" : "relu")
    let parts = kind.split(separator: "-")
    isGated = parts.count == 2 && parts[0] == "gated"
    // This one name means the approximation by tanh.
    let name = kind == "gated-gelu" ? "gelu_new" : String(parts.last ?? "")
    guard isGated || parts.count == 1, let found = Activation(rawValue: name) else {
      throw config.invalid(
        "feed_forward_proj",
        "must be a function, or gated-FUNCTION, of the functions "
          + Activation.allCases.map(\.rawValue).joined(separator: ", "))
    }
    activation = found
    encoder = EncoderDecoderHalf(
      layerCount: layers, headCount: try config.size("num_heads"),
      intermediateSize: try config.size("d_ff"), names: .t5(isGated: isGated, sublayers: 2))
    decoder = encoder
    decoder.names = .t5(isGated: isGated, sublayers: 3)
    if try config.optional("num_decoder_layers") as Int? != nil {
      decoder.layerCount = try config.layerCount("num_decoder_layers")
    }
    let positions = DistanceBuckets(
      buckets: try config.size("relative_attention_num_buckets", default: 32),
      maxDistance: try config.size("relative_attention_max_distance", default: 128))
    guard positions.buckets >= 4, positions.buckets % 4 == 0 else {
      throw config.invalid("relative_attention_num_buckets", "must be a multiple of 4")
    }
    guard positions.maxDistance > positions.buckets / 2 else {
      throw config.invalid(
        "relative_attention_max_distance", "must be above half of the \(positions.buckets) buckets")
    }
    self.positions = .relative(positions, inEveryLayer: inEveryLayer)
    (normalizesFirst, normalizesEmbeddings, norm, hasBias) = (true, false, .rms, false)
    normEpsilon = try config.value("layer_norm_epsilon", default: 1e-6)
    attentionScale = 1
    dropout = try config.rate("dropout_rate", default: 0.1)
    (attentionDropout, feedForwardDropout, outputDropout) = (dropout, dropout, dropout)
    classifierDropout = try config.rate("classifier_dropout", default: 0)
    initializerRange = 1 / Double(hiddenSize).squareRoot()
    tiesEmbeddings = true
    paddingID = try config.value("pad_token_id", default: 0)
    start = .token(try config.startID ?? paddingID)
    contextLength = (try config.size("n_positions", default: 512), false)
  }
}

extension EncoderDecoderNames {
  fileprivate static func t5(isGated: Bool, sublayers: Int) -> EncoderDecoderNames {
    let feedForward = "layer.\(sublayers - 1)"
    return EncoderDecoderNames(
      blocks: "block", lastNorm: "final_layer_norm", selfAttention: "layer.0.SelfAttention",
      selfAttentionNorm: "layer.0.layer_norm", crossAttention: "layer.1.EncDecAttention",
      crossAttentionNorm: "layer.1.layer_norm", query: "q", key: "k", value: "v", output: "o",
      gate: isGated ? "\(feedForward).DenseReluDense.wi_0" : nil,
      up: "\(feedForward).DenseReluDense.\(isGated ? "wi_1" : "wi")",
      down: "\(feedForward).DenseReluDense.wo", feedForwardNorm: "\(feedForward).layer_norm")
  }
}

extension ModelConfiguration {
  /// The token that the decoder begins with: of generation_config.json, else of config.json.
  var startID: Int? {
    get throws {
      let key = "decoder_start_token_id"
      if let id = generation[key]?.intValue { return id }
      return try optional(key)
    }
  }
}
