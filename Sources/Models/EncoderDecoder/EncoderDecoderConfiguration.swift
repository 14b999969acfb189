import NN

/// What an encoder with a decoder that reads it is made of: all that families differ in, as values.
struct EncoderDecoderConfiguration: Sendable {
  var vocabularySize: Int
  var hiddenSize: Int
  /// Of queries, keys and values; the heads together need not be as wide as the hidden states.
  var headSize: Int
  var encoder, decoder: EncoderDecoderHalf
  var positions: EncoderDecoderPositions
  /// Whether each sublayer's input is normalized, and not the sum with its output.
  var normalizesFirst: Bool
  /// Whether the embedded tokens are normalized.
  var normalizesEmbeddings: Bool
  var norm: Normalization.Kind
  var normEpsilon: Double
  /// Whether linear layers have a bias.
  var hasBias: Bool
  /// Whether the feed-forward layer multiplies two projections of its input.
  var isGated = false
  var activation: Activation
  /// Of scores of queries and keys; nil for one over the root of the head's size.
  var attentionScale: Double?
  /// Multiplies embedded tokens, and hidden states before the output embedding.
  var embeddingScale = 1.0
  var outputScale = 1.0
  /// Dropout of embedded tokens and of what each sublayer adds.
  var dropout: Double
  var attentionDropout: Double
  /// Inside the feed-forward layer.
  var feedForwardDropout: Double
  /// Of the last normalization's output.
  var outputDropout = 0.0
  var classifierDropout: Double
  var initializerRange: Double
  /// Whether the output embedding is the table of tokens, unless a checkpoint has two.
  var tiesEmbeddings: Bool
  var start: TargetStart
  /// The token that stands for labels that do not count.
  var paddingID: Int

  /// The longest text in tokens that training and reading take by default, and whether no longer one is possible.
  var contextLength: (tokens: Int, isLimit: Bool)
}

/// What the encoder and the decoder differ in.
struct EncoderDecoderHalf: Sendable {
  var layerCount: Int
  var headCount: Int
  /// The width of the feed-forward layer.
  var intermediateSize: Int
  var names: EncoderDecoderNames
  /// The share of layers that a step of training leaves out.
  var layerDropout = 0.0
}

/// The names of a half's parts in a checkpoint, those of a block from the block's own on.
struct EncoderDecoderNames: Sendable {
  var blocks = "layers"
  var embeddingNorm = "layernorm_embedding"
  /// The normalization after the last block, if there is one.
  var lastNorm: String?
  var selfAttention = "self_attn"
  var selfAttentionNorm = "self_attn_layer_norm"
  var crossAttention = "encoder_attn"
  var crossAttentionNorm = "encoder_attn_layer_norm"
  var query = "q_proj"
  var key = "k_proj"
  var value = "v_proj"
  var output = "out_proj"
  var gate: String?
  var up = "fc1"
  var down = "fc2"
  var feedForwardNorm = "final_layer_norm"
}

/// How a half knows where its tokens stand.
enum EncoderDecoderPositions: Sendable {
  /// A bias on attention's scores by distance, of the first layer for all layers, or of every layer its own.
  case relative(DistanceBuckets, inEveryLayer: Bool)
  /// Rows of a table, of which the first `offset` are no token's.
  case learned(count: Int, offset: Int)
}

/// What the decoder is given before the first token of a text.
enum TargetStart: Sendable, Hashable {
  case token(Int)
  /// The text's own last token, which names its language (mBART).
  case lastToken(unlessTold: Int)
}
