import NN

/// What a DeBERTa is made of.
struct DebertaConfiguration: Sendable {
  var vocabularySize, hiddenSize, embeddingSize, intermediateSize: Int
  var layerCount, headCount, headSize: Int
  /// The longest text in tokens.
  var positionCount: Int
  var typeCount: Int
  var paddingID: Int?
  var activation: Activation
  var normEpsilon: Double
  var dropout, attentionDropout: Double
  var initializerRange: Double
  /// Whether a table of positions is added to the words.
  var addsPositions: Bool
  /// Whether one layer makes queries, keys and values.
  var isJoint = false
  /// Terms of attention scores that the scale reckons with, whether distances are looked at or not.
  var scoreTerms = 1
  var relative: RelativeAttention?
  var convolution: Convolution?

  /// How attention sees the distance between two tokens.
  struct RelativeAttention: Sendable {
    /// Whether a token's query looks at distances, and whether distances look at a token's key.
    var contentToPosition, positionToContent: Bool
    /// Whether distances are projected by the layers that project tokens.
    var sharesKeys: Bool
    /// Distances from here on are one.
    var farthest: Int
    /// Distances in each direction that are told apart, those far away in ever larger groups; nil for all.
    var buckets: Int?
    /// Whether the table of distances is normalized.
    var isNormalized: Bool

    /// Distances in each direction that the table has.
    var span: Int { buckets ?? farthest }
  }

  /// The convolution beside the first layer.
  struct Convolution: Sendable {
    var kernel: Int
    var groups: Int
    var activation: Activation
  }
}
