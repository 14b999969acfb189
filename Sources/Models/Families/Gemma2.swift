import JSON
import NN

/// Gemma 2: a window in every second layer, norms before and after, squashed scores and logits.
///
/// Source: Gemma Team 2024, "Gemma 2: Improving Open Language Models at a Practical Size".
extension DecoderConfiguration {
  init(gemma2 config: ModelConfiguration) throws {
    try self.init(
      common: config, keyValueHeads: 4, headSize: 256, contextLength: 8192,
      activation: ("hidden_activation", .geluTanh), tied: true)
    try readSandwich(config)
    attentionCap = try config.cap("attn_logit_softcapping", usual: 50)
    logits.cap = try config.cap("final_logit_softcapping", usual: 30)
    try slide(
      config, kinds: config.layerKinds(layerCount) { $0 % 2 == 0 }, window: config.window(usual: 4096))
  }

  /// What Gemma 2 and 3 have in common.
  mutating func readSandwich(_ config: ModelConfiguration) throws {
    try readAttentionBias(config)
    norms = .sandwich
    embeddingScale = Double(hiddenSize).squareRoot()
    let scalar = try config.value("query_pre_attn_scalar", default: 256.0)
    guard scalar > 0 else { throw config.invalid("query_pre_attn_scalar", "must be above 0") }
    attentionScale = 1 / scalar.squareRoot()
  }
}

extension ModelConfiguration {
  /// A cap of logits; null means none.
  func cap(_ key: String, usual: Double?) throws -> Double? {
    let cap = raw[key] == nil ? usual : try optional(key) as Double?
    if let cap, cap <= 0 { throw invalid(key, "must be above 0, or null") }
    return cap
  }
}
