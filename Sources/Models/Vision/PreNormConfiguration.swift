import NN

/// What a layer that normalizes its input is made of: all that its families differ in, as values.
struct PreNormConfiguration: Sendable {
  var hiddenSize: Int
  /// The width of the feed-forward layer.
  var intermediateSize: Int
  var headCount: Int
  var activation = Activation.gelu
  var normEpsilon: Double
  /// Of what attention and the feed-forward layer add.
  var dropout = 0.0
  var attentionDropout = 0.0
  /// How often a row of the batch goes past a layer, in training.
  var pathDropout = 0.0
  /// Whether queries, keys and values have a bias.
  var hasProjectionBias = true
  /// Where factors of what is added start from; nil without.
  var scaleStart: Double?
  var initial: Initializer
  var names = PreNormNames()
}

/// The names of a layer's parts.
struct PreNormNames: Sendable {
  var query = "attention.q_proj"
  var key = "attention.k_proj"
  var value = "attention.v_proj"
  var output = "attention.o_proj"
  var attentionNorm = "norm1"
  var feedForwardNorm = "norm2"
  var up = "mlp.fc1"
  var down = "mlp.fc2"
  var attentionScale = "layer_scale1.lambda1"
  var feedForwardScale = "layer_scale2.lambda1"
}
