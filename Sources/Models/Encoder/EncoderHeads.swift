import NN

/// What the heads of an encoder are made of: all that families differ in, as values.
struct EncoderHeads: Sendable {
  var hiddenSize: Int
  var vocabularySize: Int
  var initializerRange: Double
  /// Nil where nothing classifies a whole text with it.
  var pooler: EncoderPooler?
  /// Dropout in front of a head for a text, and of a head for tokens.
  var classifierDropout: (text: Double, tokens: Double)
  /// Dropout in front of the head that finds answers.
  var answerDropout = 0.0
  /// The layer that finds answers.
  var answers = "qa_outputs"
  /// Nil where no head names hidden words.
  var language: LanguageHeadDesign?
}

/// How a classifier makes one vector of a text: a layer on top of the first token's, or of the mean.
struct EncoderPooler: Sendable {
  enum Pooling: String { case first = "cls", mean }

  /// The full name of the layer.
  var name: String
  var bias = true
  var activation = Activation.tanh
  /// A normalization after the activation.
  var norm: EncoderHeadNorm?
  var pooling = Pooling.first
  /// Dropout before the layer.
  var inputDropout = 0.0
  /// Whether the layer stands in front of heads for tokens too.
  var servesTokens = false
  /// The full name of the layer that gives the logits.
  var output = "classifier"
  /// What a new task adds, and trains whole.
  var heads = ["classifier"]
}

/// A normalization inside a head.
struct EncoderHeadNorm: Sendable {
  /// The full name.
  var name: String
  var eps: Double
  var bias = true
}

/// The head that names hidden words: a layer, and the table of words once more.
struct LanguageHeadDesign: Sendable {
  /// The full name of the layer in front.
  var dense: String
  var denseBias = true
  /// The width of the table.
  var width: Int
  var activation: Activation
  var norm: EncoderHeadNorm
  /// The full name of the layer that gives the logits.
  var output: String
  /// The full name of its bias; nil without one.
  var bias: String?
}
