import JSON
import NN

extension GPTConfiguration {
  /// What the families of this kind have in common, under any of the keys that they give it; positions, biases and names
  /// are left at GPT-2's.
  ///
  /// - Parameters:
  ///   - activation: when the file names none.
  ///   - ties: whether the embeddings are one when `tie_word_embeddings` is not there.
  ///   - contextLength: when the file says nothing.
  /// - Throws: ``ModelError`` naming the key whose value is missing or does not do.
  init(
    common config: ModelConfiguration, activation: Activation, ties: Bool, contextLength: Int = 2048
  ) throws {
    try config.refuseQuantization()
    vocabularySize = try config.size("vocab_size")
    let hiddenKey = config.key("hidden_size", "n_embd", "n_embed")
    hiddenSize = try config.size(hiddenKey)
    embeddingSize = hiddenSize
    headCount = try config.size(config.key("num_attention_heads", "n_head"))
    try config.requireHeads(headCount, of: hiddenSize, key: hiddenKey)
    keyValueHeadCount = headCount
    layerCount = try config.layerCount(config.layerCountKey)
    intermediateSize = try config.size(
      config.key("intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"), default: 4 * hiddenSize)
    self.contextLength = try config.size(
      config.key("max_position_embeddings", "n_positions", "model_max_length"), default: contextLength)
    self.activation = try config.activation(
      config.key("activation_function", "hidden_act", "activation"), default: activation)
    normEpsilon = try config.value(
      config.key("layer_norm_epsilon", "layer_norm_eps", "norm_epsilon", "rms_norm_eps"), default: 1e-5)
    initializerRange = try config.value(config.key("initializer_range", "init_std"), default: 0.02)
    tiesEmbeddings = try config.value("tie_word_embeddings", default: ties)
    positions = .learned(table: "wpe", offset: 0)
  }
}

extension GPTDropout {
  /// GPT-2's keys.
  ///
  /// - Parameter usual: the rates that are not there.
  init(gpt2 config: ModelConfiguration, usual: Double) throws {
    embedding = try config.rate("embd_pdrop", default: usual)
    attention = try config.rate("attn_pdrop", default: usual)
    attentionOutput = try config.rate("resid_pdrop", default: usual)
    feedForward = attentionOutput
  }
}

extension ModelConfiguration {
  /// The first of these keys that has a value; the first of all when none has.
  func key(_ first: String, _ others: String...) -> String {
    others.first { raw[first]?.isNull != false && raw[$0]?.isNull == false } ?? first
  }

  /// Where the number of layers stands.
  var layerCountKey: String { key("num_hidden_layers", "n_layer", "num_layers") }

  /// - Throws: ``ModelError`` when `key` is true.
  /// - Parameter remedy: what is supported.
  func refuse(_ key: String, _ remedy: String) throws {
    if try value(key, default: false) { throw invalid(key, remedy) }
  }
}
