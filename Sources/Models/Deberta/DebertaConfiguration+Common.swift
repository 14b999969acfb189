import JSON
import NN

extension DebertaConfiguration {
  /// What all versions read alike.
  init(common config: ModelConfiguration) throws {
    try config.refuseQuantization()
    hiddenSize = try config.size("hidden_size")
    vocabularySize = try config.size("vocab_size")
    embeddingSize = try config.size("embedding_size", default: hiddenSize)
    intermediateSize = try config.size("intermediate_size")
    layerCount = try config.layerCount("num_hidden_layers")
    headCount = try config.size("num_attention_heads")
    let whole = hiddenSize % headCount == 0 || config.raw["attention_head_size"] != nil
    guard whole else {
      throw config.invalid("hidden_size", "must be a multiple of the number of heads (\(headCount))")
    }
    headSize = try config.size("attention_head_size", default: max(1, hiddenSize / headCount))
    positionCount = try config.size("max_position_embeddings", default: 512)
    typeCount = try config.value("type_vocab_size", default: 0)
    guard (0...1 << 20).contains(typeCount) else {
      throw config.invalid("type_vocab_size", "must be from 0 to \(1 << 20)")
    }
    paddingID = try config.value("pad_token_id", default: 0)
    activation = try config.activation("hidden_act", default: .gelu)
    normEpsilon = try config.value("layer_norm_eps", default: 1e-7)
    dropout = try config.rate("hidden_dropout_prob", default: 0.1)
    attentionDropout = try config.rate("attention_probs_dropout_prob", default: 0.1)
    initializerRange = try config.value("initializer_range", default: 0.02)
    addsPositions = try config.value("position_biased_input", default: true)
    let terms = try config.positionTerms
    scoreTerms = 1 + terms.count
    guard try config.value("relative_attention", default: false) else { return }
    let longest = try config.value("max_relative_positions", default: -1)
    relative = RelativeAttention(
      contentToPosition: terms.contains("c2p"), positionToContent: terms.contains("p2c"), sharesKeys: false,
      farthest: longest < 1 ? positionCount : longest, buckets: nil, isNormalized: false)
    guard longest <= 1 << 20 else {
      throw config.invalid("max_relative_positions", "must be at most \(1 << 20)")
    }
  }

  /// What lies on top.
  func heads(_ config: ModelConfiguration) throws -> EncoderHeads {
    guard try config.value("legacy", default: true) else {
      throw config.invalid(
        "legacy", "the head for masked words is supported in its older form only: set it to true")
    }
    let classifierDropout = try config.rate("cls_dropout", default: dropout)
    let pooler = EncoderPooler(
      name: "pooler.dense", activation: try config.activation("pooler_hidden_act", default: .gelu),
      inputDropout: try config.rate("pooler_dropout", default: 0))
    let pooled: Int = try config.value("pooler_hidden_size", default: hiddenSize)
    guard pooled == hiddenSize else {
      throw config.invalid("pooler_hidden_size", "must be hidden_size (\(hiddenSize))")
    }
    return EncoderHeads(
      hiddenSize: hiddenSize, vocabularySize: vocabularySize, initializerRange: initializerRange,
      pooler: pooler, classifierDropout: (classifierDropout, dropout),
      language: LanguageHeadDesign(
        dense: "cls.predictions.transform.dense", width: embeddingSize, activation: activation,
        norm: EncoderHeadNorm(name: "cls.predictions.transform.LayerNorm", eps: normEpsilon),
        output: "cls.predictions.decoder", bias: "cls.predictions.bias"))
  }
}

extension ModelConfiguration {
  /// The terms that distances add to attention scores: `c2p`, `p2c` or both.
  fileprivate var positionTerms: Set<String> {
    get throws {
      let terms: [String]
      if let text = raw["pos_att_type"]?.stringValue {
        terms = text.lowercased().split(separator: "|").map { $0.filter { !$0.isWhitespace } }
      } else {
        terms = try optional("pos_att_type") ?? []
      }
      guard terms.allSatisfy({ ["c2p", "p2c"].contains($0) }) else {
        throw invalid("pos_att_type", "supported are c2p and p2c")
      }
      return Set(terms)
    }
  }
}
