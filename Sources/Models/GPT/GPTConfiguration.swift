import NN

/// What a decoder of the GPT kind is made of: all that its families differ in, as values.
struct GPTConfiguration: Sendable {
  var vocabularySize: Int
  var hiddenSize: Int
  /// The width of the table of tokens; projected to the hidden size and back where it is another.
  var embeddingSize: Int
  /// The width of the feed-forward layer.
  var intermediateSize: Int
  var headCount: Int
  /// Heads of keys and values, each shared by a group of query heads.
  var keyValueHeadCount: Int
  var layerCount: Int
  var contextLength: Int
  var positions: GPTPositions
  /// How far back each layer sees, itself included; nil for everything.
  var window: Int?
  var residual = GPTResidual.sequential
  var activation: Activation
  var norm = GPTNorm.layer
  var normEpsilon: Double
  /// How each head's queries and keys are normalized.
  var headNorm: GPTHeadNorm?
  /// Whether weights of linear layers are stored [in, out], as in GPT-2's `Conv1D`.
  var storesInputsFirst = false
  /// Which linear layers have a bias.
  var queryKeyValueBias = true
  var outputBias = true
  var feedForwardBias = true
  var headBias = false
  /// Whether scores are divided by the root of the size of a head, and whether by the number of the layer too.
  var scalesScores = true
  var dividesScoresByLayer = false
  var dropout = GPTDropout()
  var tiesEmbeddings: Bool
  var initializerRange: Double
  var tokenClassifier: (name: String, dropout: Double?) = ("score", nil)
  var names = GPTNames()

  var headSize: Int { hiddenSize / headCount }
}

/// How a model knows where a token stands.
enum GPTPositions: Sendable {
  /// A table of positions, added to the tokens; so many of its rows come before the first position.
  case learned(table: String, offset: Int)
  case rotary(RotaryEmbedding)
  case alibi(ALiBi)
}

/// What attention and the feed-forward layer read, and what they are added to.
enum GPTResidual: Sendable {
  /// Each reads its input normalized, and is added to it.
  case sequential
  /// The same, added to the normalized input (BLOOM's `apply_residual_connection_post_layernorm`).
  case sequentialOnNorm
  /// Each is added to its input, and the sum normalized (OPT-350m).
  case normalizedAfter
  /// Both read the same input and are added to it together; normalized once for both, or for each.
  case parallel(sharesNorm: Bool)
}

enum GPTNorm: Sendable { case layer, rms }

/// Layer normalization of queries and keys, head by head.
enum GPTHeadNorm: Sendable {
  /// With the same weight and bias for all heads (Phi).
  case shared
  /// With a weight for each head (StableLM 2 12B).
  case own
}

/// Shares of values that training drops.
struct GPTDropout: Sendable {
  var embedding = 0.0
  /// Of the probabilities of attention.
  var attention = 0.0
  /// Of what each part of a layer adds.
  var attentionOutput = 0.0
  var feedForward = 0.0
}

/// The names of a body's parts in a checkpoint; those of GPT-2 unless said otherwise.
struct GPTNames: Sendable {
  /// Of the body.
  var body = "transformer"
  var tokens = "wte"
  var embeddingNorm: String?
  var layers = "h"
  var finalNorm: String? = "ln_f"
  /// Of a layer.
  var attentionNorm = "ln_1"
  var feedForwardNorm = "ln_2"
  var attention = "attn"
  var gate: String?
  var up = "mlp.c_fc"
  var down = "mlp.c_proj"
  /// Of attention.
  var heads = GPTHeads.Names.fused("c_attn")
  var attentionOutput = "c_proj"
}
