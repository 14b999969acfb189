import NN

/// What an encoder of the BERT kind is made of: all that its families differ in, as values.
struct EncoderConfiguration: Sendable {
  var vocabularySize: Int
  var hiddenSize: Int
  /// The width of the tables; projected to the hidden size where it is another.
  var embeddingSize: Int
  /// The width of the feed-forward layer.
  var intermediateSize: Int
  var headCount: Int
  /// Rows of the table of positions.
  var positionCount: Int
  /// The row of a text's first token.
  var firstPosition = 0
  /// Kinds of segments that tokens are told apart by; 0 without a table of them.
  var typeCount: Int
  /// The token that fills rows up.
  var paddingID: Int?
  var activation: Activation
  var normEpsilon: Double
  var dropout: Double
  var attentionDropout: Double
  /// Of what the feed-forward layer adds.
  var feedForwardDropout: Double
  var initializerRange: Double
  /// Where the parts of the body are.
  var names = EncoderNames()
  /// The block that each layer uses; several may use one.
  var blocks: [String]
  var pooler: EncoderPooler
  /// Dropout in front of a head for a text, and of a head for tokens.
  var classifierDropout: (text: Double, tokens: Double)
  /// Dropout in front of the head that finds answers.
  var answerDropout = 0.0
  var language: LanguageHeadDesign

  /// The longest text in tokens.
  var contextLength: Int { positionCount - firstPosition }

  var heads: EncoderHeads {
    EncoderHeads(
      hiddenSize: hiddenSize, vocabularySize: vocabularySize, initializerRange: initializerRange,
      pooler: pooler, classifierDropout: classifierDropout, answerDropout: answerDropout, language: language)
  }
}

/// The names of a body's parts in a checkpoint.
struct EncoderNames: Sendable {
  /// The layer from the width of the tables to the hidden size, if there is one.
  var projection: String?
  var query = "attention.self.query"
  var key = "attention.self.key"
  var value = "attention.self.value"
  var attentionOutput = "attention.output.dense"
  var attentionNorm = "attention.output.LayerNorm"
  var up = "intermediate.dense"
  var down = "output.dense"
  var outputNorm = "output.LayerNorm"
}

extension EncoderConfiguration {
  /// What BERT's successors spell as BERT does.
  ///
  /// - Parameter prefix: of the body's names.
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(bertLike config: ModelConfiguration, prefix: String) throws {
    try config.refuseQuantization()
    try config.refuseDecoders()
    vocabularySize = try config.size("vocab_size")
    hiddenSize = try config.size("hidden_size")
    embeddingSize = hiddenSize
    intermediateSize = try config.size("intermediate_size")
    headCount = try config.size("num_attention_heads")
    try config.requireHeads(headCount, of: hiddenSize, key: "hidden_size")
    positionCount = try config.size("max_position_embeddings", default: 512)
    typeCount = try config.size("type_vocab_size", default: 2)
    paddingID = try config.value("pad_token_id", default: 0)
    activation = try config.activation("hidden_act", default: .gelu)
    normEpsilon = try config.value("layer_norm_eps", default: 1e-12)
    dropout = try config.rate("hidden_dropout_prob", default: 0.1)
    feedForwardDropout = dropout
    attentionDropout = try config.rate("attention_probs_dropout_prob", default: 0.1)
    initializerRange = try config.value("initializer_range", default: 0.02)
    blocks = try (0..<config.layerCount("num_hidden_layers")).map { "encoder.layer.\($0)" }
    pooler = EncoderPooler(name: "\(prefix).pooler.dense")
    let rate = try config.rate("classifier_dropout", default: dropout)
    classifierDropout = (rate, rate)
    language = LanguageHeadDesign(
      dense: "cls.predictions.transform.dense", width: hiddenSize, activation: activation,
      norm: EncoderHeadNorm(name: "cls.predictions.transform.LayerNorm", eps: normEpsilon),
      output: "cls.predictions.decoder", bias: "cls.predictions.bias")
  }
}

extension ModelConfiguration {
  /// A share of values that training drops.
  func rate(_ key: String, default fallback: Double) throws -> Double {
    let rate = try value(key, default: fallback)
    guard (0..<1).contains(rate) else { throw invalid(key, "must be from 0 to below 1") }
    return rate
  }

  func layerCount(_ key: String, default fallback: Int? = nil) throws -> Int {
    let layers = try fallback.map { try size(key, default: $0) } ?? size(key)
    guard layers <= 10_000 else { throw invalid(key, "must be at most 10000") }
    return layers
  }

  func requireHeads(_ heads: Int, of size: Int, key: String) throws {
    guard size % heads == 0 else {
      throw invalid(key, "must be a multiple of the number of heads (\(heads))")
    }
  }

  /// Encoders that were made into decoders, and those with relative positions, compute something else.
  fileprivate func refuseDecoders() throws {
    for key in ["is_decoder", "add_cross_attention"] where try value(key, default: false) {
      throw invalid(key, "only encoders are supported for this model_type")
    }
    let positions = try value("position_embedding_type", default: "absolute")
    guard positions == "absolute" else {
      throw invalid("position_embedding_type", "only absolute positions are supported")
    }
  }
}
