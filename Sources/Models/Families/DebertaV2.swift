import JSON
import NN

/// DeBERTa in its second and third version: attention that keeps what a token says apart from where it stands.
///
/// Source: He et al. 2021, "DeBERTa: Decoding-enhanced BERT with Disentangled Attention", and "DeBERTaV3".
extension EncoderDesign {
  init(debertaV2 config: ModelConfiguration) throws {
    let deberta = try DebertaConfiguration(config)
    self.init(heads: try deberta.heads(config)) { try Deberta($0, deberta) }
  }
}

extension DebertaConfiguration {
  fileprivate init(_ config: ModelConfiguration) throws {
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
    relative = try RelativeAttention(config, positionCount: positionCount)
    convolution = try Convolution(config, hiddenSize: hiddenSize)
  }

  fileprivate func heads(_ config: ModelConfiguration) throws -> EncoderHeads {
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

extension DebertaConfiguration.RelativeAttention {
  /// - Returns: nil where positions are only added to the words.
  fileprivate init?(_ config: ModelConfiguration, positionCount: Int) throws {
    guard try config.value("relative_attention", default: false) else { return nil }
    let terms: [String]
    if let text = config.raw["pos_att_type"]?.stringValue {
      terms = text.lowercased().split(separator: "|").map { $0.filter { !$0.isWhitespace } }
    } else {
      terms = try config.value("pos_att_type", default: [])
    }
    guard terms.allSatisfy({ ["c2p", "p2c"].contains($0) }) else {
      throw config.invalid("pos_att_type", "supported are c2p and p2c")
    }
    (contentToPosition, positionToContent) = (terms.contains("c2p"), terms.contains("p2c"))
    sharesKeys = try config.value("share_att_key", default: false)
    let longest = try config.value("max_relative_positions", default: -1)
    farthest = longest < 1 ? positionCount : longest
    let count = try config.value("position_buckets", default: -1)
    buckets = count > 0 ? count : nil
    guard farthest <= 1 << 20, count <= 1 << 20 else {
      throw config.invalid("position_buckets", "positions must be at most \(1 << 20)")
    }
    let norm = try config.value("norm_rel_ebd", default: "none").lowercased()
    isNormalized = norm.split(separator: "|").contains { $0.filter { !$0.isWhitespace } == "layer_norm" }
  }
}

extension DebertaConfiguration.Convolution {
  fileprivate init?(_ config: ModelConfiguration, hiddenSize: Int) throws {
    let size = try config.value("conv_kernel_size", default: 0)
    guard size > 0 else { return nil }
    guard size % 2 == 1, size <= 1023 else {
      throw config.invalid("conv_kernel_size", "must be an odd number up to 1023")
    }
    kernel = size
    groups = try config.size("conv_groups", default: 1)
    guard hiddenSize % groups == 0 else { throw config.invalid("conv_groups", "must divide hidden_size") }
    activation = try config.activation("conv_act", default: .tanh)
  }
}
