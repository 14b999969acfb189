import NN

/// What a ModernBERT is made of.
struct ModernBertConfiguration: Sendable {
  var vocabularySize, hiddenSize, intermediateSize, headCount: Int
  /// The longest text in tokens.
  var positionCount: Int
  var paddingID: Int?
  var activation: Activation
  var normEpsilon: Double
  var normBias, attentionBias, feedForwardBias: Bool
  var embeddingDropout, attentionDropout, feedForwardDropout: Double
  var initializerRange: Double
  /// How far a local layer sees, in tokens on either side.
  var reach: Int
  /// Of each layer, whether it sees its neighbourhood only.
  var isLocal: [Bool]
  /// The bases of the rotary wavelengths.
  var globalTheta, localTheta: Double
}
