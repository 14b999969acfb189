import JSON
import NN

/// ModernBERT: rotary positions, gated feed-forward, and layers that mostly see their neighbourhood only.
///
/// Source: Warner et al. 2024, "Smarter, Better, Faster, Longer".
extension EncoderDesign {
  init(modernBert config: ModelConfiguration) throws {
    let encoder = try ModernBertConfiguration(config)
    self.init(heads: try encoder.heads(config)) { try ModernBertBody($0, encoder) }
  }
}

extension ModernBertConfiguration {
  fileprivate init(_ config: ModelConfiguration) throws {
    try config.refuseQuantization()
    vocabularySize = try config.size("vocab_size")
    hiddenSize = try config.size("hidden_size")
    intermediateSize = try config.size("intermediate_size")
    headCount = try config.size("num_attention_heads")
    try config.requireHeads(headCount, of: hiddenSize, key: "hidden_size")
    positionCount = try config.size("max_position_embeddings", default: 8192)
    paddingID = try config.value("pad_token_id", default: 50283)
    activation = try config.activation("hidden_activation", default: .gelu)
    normEpsilon = try config.value("norm_eps", default: 1e-5)
    normBias = try config.value("norm_bias", default: false)
    attentionBias = try config.value("attention_bias", default: false)
    feedForwardBias = try config.value("mlp_bias", default: false)
    embeddingDropout = try config.rate("embedding_dropout", default: 0)
    attentionDropout = try config.rate("attention_dropout", default: 0)
    feedForwardDropout = try config.rate("mlp_dropout", default: 0)
    initializerRange = try config.value("initializer_range", default: 0.02)
    reach = try config.size("local_attention", default: 128) / 2
    let layers = try config.layerCount("num_hidden_layers")
    if let names: [String] = try config.optional("layer_types") {
      guard names.count == layers, names.allSatisfy({ ["full_attention", "sliding_attention"].contains($0) })
      else {
        throw config.invalid(
          "layer_types", "must name each of the \(layers) layers full_attention or sliding_attention")
      }
      isLocal = names.map { $0 == "sliding_attention" }
    } else {
      let every = try config.size("global_attn_every_n_layers", default: 3)
      isLocal = (0..<layers).map { $0 % every != 0 }
    }
    globalTheta = try Self.theta(config, "full_attention", older: "global_rope_theta", default: 160_000)
    localTheta = try Self.theta(config, "sliding_attention", older: "local_rope_theta", default: 10_000)
  }

  /// The base of the rotary wavelengths of a kind of layer.
  private static func theta(
    _ config: ModelConfiguration, _ kind: String, older: String, default fallback: Double
  ) throws -> Double {
    let scaling = config.raw["rope_scaling"].map { !$0.isNull } ?? false
    let fields = config.raw["rope_parameters"]?[kind]
    let type = fields?["rope_type"]?.stringValue ?? "default"
    guard !scaling, type == "default" else {
      throw config.invalid(
        scaling ? "rope_scaling" : "rope_parameters", "only the default rotary embedding is supported")
    }
    let theta = try fields?["rope_theta"]?.doubleValue ?? config.value(older, default: fallback)
    guard theta > 1, theta.isFinite else { throw config.invalid(older, "must be above 1") }
    return theta
  }

  fileprivate func heads(_ config: ModelConfiguration) throws -> EncoderHeads {
    let activation = try config.activation("classifier_activation", default: .gelu)
    let bias = try config.value("classifier_bias", default: false)
    let norm = EncoderHeadNorm(name: "head.norm", eps: normEpsilon, bias: normBias)
    let word = try config.value("classifier_pooling", default: "cls")
    guard let pooling = EncoderPooler.Pooling(rawValue: word) else {
      throw config.invalid("classifier_pooling", "must be cls or mean")
    }
    let rate = try config.rate("classifier_dropout", default: 0)
    return EncoderHeads(
      hiddenSize: hiddenSize, vocabularySize: vocabularySize, initializerRange: initializerRange,
      pooler: EncoderPooler(
        name: "head.dense", bias: bias, activation: activation, norm: norm, pooling: pooling,
        servesTokens: true),
      classifierDropout: (rate, rate), answerDropout: rate, answers: "classifier",
      language: LanguageHeadDesign(
        dense: "head.dense", denseBias: bias, width: hiddenSize, activation: activation, norm: norm,
        output: "decoder", bias: try config.value("decoder_bias", default: true) ? "decoder.bias" : nil))
  }
}
