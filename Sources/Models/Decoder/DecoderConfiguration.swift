import NN

/// What a decoder of the Llama kind is made of: all that its families differ in, as values.
public struct DecoderConfiguration: Sendable {
  /// The full name of the body.
  public var place = "model"
  public var vocabularySize: Int
  public var hiddenSize: Int
  /// The width of the feed-forward layer, where it has no experts.
  public var intermediateSize: Int
  /// The name of the feed-forward layer in its block, where it has no experts.
  public var feedForwardPlace = "mlp"
  public var headCount: Int
  /// Heads of keys and values, each shared by a group of query heads.
  public var keyValueHeadCount: Int
  public var headSize: Int
  public var layers: [DecoderLayer]
  public var activation: Activation
  public var normEpsilon: Double
  public var norms = DecoderNorms()
  /// The ways in which heads turn; a layer names one of them.
  public var rotaries: [RotaryEmbedding]
  /// `max_position_embeddings`.
  public var contextLength: Int
  /// Which linear layers have a bias.
  public var queryKeyValueBias = false
  public var outputBias = false
  public var feedForwardBias = false
  /// Whether queries, keys and values are one layer, and gate and up another (Phi 3).
  public var isFused = false
  /// How queries and keys are normalized before they turn.
  public var headNorm = HeadNorm.none
  /// Queries, keys and values are clipped to this distance from zero; nil for none (OLMo).
  public var clip: Double?
  /// Multiplies the scores of attention; nil for 1 / sqrt(headSize).
  public var attentionScale: Double?
  /// What scores are squashed below, by tanh; nil for none (Gemma 2).
  public var attentionCap: Double?
  /// Makes attention sharper the later a token comes, in layers whose heads do not turn (Llama 4); nil for none.
  public var temperature: AttentionTemperature?
  /// Multiplies the rows of the embedding (Gemma).
  public var embeddingScale = 1.0
  /// Multiplies what the first layer gets, soft prompts too (Granite).
  public var inputScale = 1.0
  /// Multiplies what each half of a layer adds (Granite).
  public var residualScale = 1.0
  /// The rate at which elements of what each half of a layer adds are dropped in training (Phi 3).
  public var residualDropout = 0.0
  /// Whether the feed-forward half reads what attention reads, and both are added at once (Cohere).
  public var isParallel = false
  public var logits = LogitShape()
  /// The experts of layers that have them.
  public var mixture: MixtureConfiguration?
  /// Whether the output embedding is the input embedding.
  public var tiesEmbeddings = false
  public var attentionDropout = 0.0
  /// The standard deviation of weights that no checkpoint has.
  public var initializerRange = 0.02

  public var layerCount: Int { layers.count }
}

/// What sets one layer of a decoder apart from the others.
public struct DecoderLayer: Sendable {
  /// How far back it sees, itself included; nil for everything.
  public var window: Int?
  /// How many tokens of a text make a chunk, outside of which it sees nothing; nil for no chunks (Llama 4).
  public var chunk: Int?
  /// Which of the configuration's rotary embeddings its heads turn by; nil when they do not turn.
  public var rotary: Int? = 0
  /// Whether its feed-forward half is a mixture of experts.
  public var hasExperts = false
}

/// How queries and keys are normalized.
public enum HeadNorm: Sendable {
  case none
  /// Each head by itself, with one weight for all (Qwen 3, Gemma 3).
  case each
  /// Each head by itself, with a weight of its own, by layer normalization (Cohere).
  case eachItsOwn
  /// All heads together, before they are told apart (OLMo 2).
  case together
  /// Each head by itself after it has turned, without a weight, where it turns (Llama 4).
  case afterTurning
}

/// What a layer sees of what came before.
struct DecoderReach: Hashable {
  var window: Int?
  var chunk: Int?
}

extension DecoderLayer {
  var reach: DecoderReach { DecoderReach(window: window, chunk: chunk) }
}

/// Where a layer normalizes: the names of the modules, nil where it does not.
public struct DecoderNorms: Sendable {
  public enum Kind: Sendable {
    case rms(RMSNormScaling)
    /// Layer normalization with a weight and no bias (Cohere).
    case layer
    /// Layer normalization without a weight (OLMo).
    case plain
  }

  public var kind = Kind.rms(.narrow)
  public var beforeAttention: String? = "input_layernorm"
  public var afterAttention: String?
  public var beforeFeedForward: String? = "post_attention_layernorm"
  public var afterFeedForward: String?

  /// Before and after either half (Gemma 2 and 3).
  static let sandwich = DecoderNorms(
    kind: .rms(.fromOne), afterAttention: "post_attention_layernorm",
    beforeFeedForward: "pre_feedforward_layernorm", afterFeedForward: "post_feedforward_layernorm")
  /// After either half only (OLMo 2).
  static let after = DecoderNorms(
    kind: .rms(.wide), beforeAttention: nil, afterAttention: "post_attention_layernorm",
    beforeFeedForward: nil, afterFeedForward: "post_feedforward_layernorm")
}

/// A feed-forward half whose tokens each go through a few of many experts.
public struct MixtureConfiguration: Sendable {
  public var expertCount: Int
  /// How many experts a token goes through.
  public var chosenCount: Int
  /// The width of an expert.
  public var expertSize: Int
  /// How routers weigh a token's experts.
  public enum Weighing: Sendable {
    /// By shares of all experts that multiply what they give, and may be made to add up to 1.
    case outputs(isNormalized: Bool)
    /// By numbers between 0 and 1, each for itself, that multiply what they get (Llama 4).
    case inputs
  }
  public var weighing: Weighing
  /// The width of the expert that all tokens go through; nil for none.
  public var sharedSize: Int?
  /// Whether that one has a gate of its own (Qwen 2).
  public var hasSharedGate = true
  /// Whether the experts' matrices have their inputs first (Llama 4).
  public var isTransposed = false
  /// The names of the modules.
  public var place = "mlp"
  public var router = "gate"
  /// The weight of ``NN/routerImbalance(_:chosen:mask:)`` in the training loss; nil for none.
  public var imbalanceWeight: Double?
  /// How far from 1 the factors are that inputs are multiplied with in training.
  public var jitter = 0.0
}
