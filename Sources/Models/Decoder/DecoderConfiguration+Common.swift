import Configuration
import JSON
import NN

/// How config.json is read, as far as families spell it alike.
extension DecoderConfiguration {
  /// Sizes, and all else that most families have; biases, norms and windows are left at their defaults.
  ///
  /// - Parameters:
  ///   - keyValueHeads: when `num_key_value_heads` is not there; nil for as many as there are query heads.
  ///   - headSize: when `head_dim` is not there; nil for an equal share of the hidden size.
  ///   - contextLength: when `max_position_embeddings` is not there.
  ///   - activation: the key of the activation function.
  ///   - eps: the key of the norms' epsilon, and its usual value.
  ///   - rotary: reads the rotary embedding, when it is not the usual one.
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(
    common config: ModelConfiguration, keyValueHeads: Int? = nil, headSize: Int? = nil, contextLength: Int,
    activation: (key: String, usual: Activation) = ("hidden_act", .silu),
    eps: (key: String, usual: Double) = ("rms_norm_eps", 1e-6), tied: Bool = false, theta: Double = 10000,
    rotaries: ((_ headSize: Int, _ contextLength: Int) throws -> [RotaryEmbedding])? = nil
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
    let count = try config.size("num_hidden_layers")
    guard count <= 10_000 else { throw config.invalid("num_hidden_layers", "must be at most 10000") }
    layers = Array(repeating: DecoderLayer(), count: count)
    self.activation = try config.activation(activation.key, default: activation.usual)
    normEpsilon = try config.value(eps.key, default: eps.usual)
    self.contextLength = try config.size("max_position_embeddings", default: contextLength)
    self.rotaries =
      try rotaries?(self.headSize, self.contextLength) ?? [
        RotaryEmbedding(
          config, dimensions: self.headSize, contextLength: self.contextLength, defaultTheta: theta)
      ]
    tiesEmbeddings = try config.value("tie_word_embeddings", default: tied)
    attentionDropout = try config.rate("attention_dropout", default: 0)
    initializerRange = try config.value("initializer_range", default: 0.02)
    guard try config.value("use_bidirectional_attention", default: false) == false else {
      throw config.invalid(
        "use_bidirectional_attention", "decoders here see earlier tokens only; the closest is false")
    }
  }

  /// Biases of attention as `attention_bias` says.
  mutating func readAttentionBias(_ config: ModelConfiguration) throws {
    let bias = try config.value("attention_bias", default: false)
    (queryKeyValueBias, outputBias) = (bias, bias)
  }

  /// Gives the layers that are of the kind `sliding_attention` their window.
  mutating func slide(_ config: ModelConfiguration, kinds: [String], window: Int?) throws {
    for (index, kind) in kinds.enumerated() where kind == "sliding_attention" {
      guard let window else {
        throw config.invalid("layer_types", "sliding_attention needs sliding_window")
      }
      layers[index].window = window
    }
  }
}

extension ModelConfiguration {
  /// The kind of each layer: `layer_types`, else what `usual` says of its place (from 0).
  func layerKinds(_ count: Int, usual: (Int) -> Bool) throws -> [String] {
    let (sliding, full) = ("sliding_attention", "full_attention")
    guard let kinds: [String] = try optional("layer_types") else {
      return (0..<count).map { usual($0) ? sliding : full }
    }
    guard kinds.count == count else {
      throw invalid("layer_types", "must name one kind for each of the \(count) layers")
    }
    if let other = kinds.first(where: { $0 != sliding && $0 != full }) {
      let guess = NearestName.find(other, among: [sliding, full]) ?? full
      throw invalid(
        "layer_types", "\(other) is not supported; use \(full) or \(sliding); the closest is \(guess)")
    }
    return kinds
  }

  /// `sliding_window`, which may be null; `usual` when it is not there.
  func window(usual: Int?) throws -> Int? {
    let window = raw["sliding_window"] == nil ? usual : try optional("sliding_window") as Int?
    if let window, window < 1 { throw invalid("sliding_window", "must be at least 1, or null") }
    return window
  }
}

extension DecoderConfiguration {
  /// The windows of families that name the kind of each layer, or the first layer with a window.
  ///
  /// Source: `Qwen2Config` of transformers.
  mutating func readWindows(_ config: ModelConfiguration) throws {
    let window =
      try config.value("use_sliding_window", default: false) ? try config.window(usual: 4096) ?? 4096 : nil
    let first = try config.value("max_window_layers", default: 28)
    let kinds = try config.layerKinds(layerCount) { window != nil && $0 >= first }
    guard window != nil || !kinds.contains("sliding_attention") else {
      throw config.invalid("layer_types", "sliding_attention needs sliding_window and use_sliding_window")
    }
    try slide(config, kinds: kinds, window: window)
  }
}

extension DecoderConfiguration {
  func checkStacking(_ config: ModelConfiguration) throws {
    func differ<Value: Hashable>(_ value: (DecoderLayer) -> Value) -> Bool {
      Set(layers.map(value)).count > 1
    }
    let isListed = config.raw["layer_types"]?.arrayValue != nil
    let listsTurns = config.raw["no_rope_layers"]?.arrayValue != nil
    guard
      differ(\.reach) && !isListed && !listsTurns || differ(\.rotary) && !isListed && !listsTurns
        || differ(\.hasExperts)
    else { return }
    throw config.invalid(
      "layer_types", "layer_replication needs the kind of each layer, where it is not all the same")
  }
}
