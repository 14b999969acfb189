import JSON
import NN

/// What a decoder of the Llama kind is made of: all that its families differ in, as values.
public struct DecoderConfiguration: Sendable {
  public var vocabularySize: Int
  public var hiddenSize: Int
  /// The width of the feed-forward layer.
  public var intermediateSize: Int
  public var headCount: Int
  /// Heads of keys and values, each shared by a group of query heads.
  public var keyValueHeadCount: Int
  public var headSize: Int
  /// How far back each layer sees, itself included; nil for everything. One for each layer.
  public var windows: [Int?]
  public var activation: Activation
  public var normEpsilon: Double
  public var rotary: RotaryEmbedding
  /// `max_position_embeddings`.
  public var contextLength: Int
  /// Which linear layers have a bias.
  public var queryKeyValueBias = false
  public var outputBias = false
  public var feedForwardBias = false
  /// Whether each head's queries and keys are normalized before they turn.
  public var normalizesHeads = false
  /// Whether the output embedding is the input embedding.
  public var tiesEmbeddings = false
  public var attentionDropout = 0.0
  /// The standard deviation of weights that no checkpoint has.
  public var initializerRange = 0.02

  public var layerCount: Int { windows.count }
}

extension DecoderConfiguration {
  /// What the families of this kind spell alike; biases, norms and windows are left at their defaults.
  ///
  /// - Parameters:
  ///   - keyValueHeads: when `num_key_value_heads` is not there; nil for as many as there are query heads.
  ///   - headSize: when `head_dim` is not there; nil for an equal share of the hidden size.
  ///   - contextLength: when `max_position_embeddings` is not there.
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(
    common config: ModelConfiguration, keyValueHeads: Int? = nil, headSize: Int? = nil, contextLength: Int
  ) throws {
    try config.refuseQuantization()
    vocabularySize = try config.size("vocab_size")
    hiddenSize = try config.size("hidden_size")
    intermediateSize = try config.size("intermediate_size")
    headCount = try config.size("num_attention_heads")
    // Null means no sharing; only a file that says nothing gets the family's usual number.
    let usual = config.raw["num_key_value_heads"] == nil ? keyValueHeads : nil
    keyValueHeadCount = try config.size("num_key_value_heads", default: usual ?? headCount)
    guard headCount % keyValueHeadCount == 0 else {
      throw config.invalid("num_key_value_heads", "must divide num_attention_heads (\(headCount))")
    }
    let share = hiddenSize / headCount
    if try config.optional("head_dim") as Int? == nil, headSize == nil, share * headCount != hiddenSize {
      throw config.invalid("hidden_size", "must be a multiple of num_attention_heads (\(headCount))")
    }
    self.headSize = try config.size("head_dim", default: headSize ?? share)
    guard self.headSize % 2 == 0 else {
      throw config.invalid("head_dim", "must be even, for rotary position embedding")
    }
    let layers = try config.size("num_hidden_layers")
    guard layers <= 10_000 else { throw config.invalid("num_hidden_layers", "must be at most 10000") }
    windows = Array(repeating: nil, count: layers)
    activation = try config.activation("hidden_act", default: .silu)
    normEpsilon = try config.value("rms_norm_eps", default: 1e-6)
    self.contextLength = try config.size("max_position_embeddings", default: contextLength)
    rotary = try RotaryEmbedding(config, dimensions: self.headSize, contextLength: self.contextLength)
    tiesEmbeddings = try config.value("tie_word_embeddings", default: false)
    attentionDropout = try config.value("attention_dropout", default: 0)
    guard (0..<1).contains(attentionDropout) else {
      throw config.invalid("attention_dropout", "must be from 0 to below 1")
    }
    initializerRange = try config.value("initializer_range", default: 0.02)
  }

  /// The windows of families that name the kind of each layer, or the first layer with a window.
  ///
  /// Source: `Qwen2Config` of transformers.
  static func windows(_ config: ModelConfiguration, layers: Int) throws -> [Int?] {
    let isUsed = try config.value("use_sliding_window", default: false)
    let window = isUsed ? try config.optional("sliding_window") ?? 4096 : nil
    if let window, window < 1 { throw config.invalid("sliding_window", "must be at least 1") }
    guard let kinds: [String] = try config.optional("layer_types") else {
      let first = try config.value("max_window_layers", default: 28)
      return (0..<layers).map { $0 >= first ? window : nil }
    }
    guard kinds.count == layers else {
      throw config.invalid("layer_types", "must name one kind for each of the \(layers) layers")
    }
    return try kinds.map { kind in
      switch kind {
      case "full_attention": return nil
      case "sliding_attention":
        guard let window else {
          throw config.invalid("layer_types", "sliding_attention needs sliding_window and use_sliding_window")
        }
        return window
      default:
        throw config.invalid(
          "layer_types", "\(kind) is not supported; use full_attention or sliding_attention")
      }
    }
  }
}
