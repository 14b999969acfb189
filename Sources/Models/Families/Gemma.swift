import NN

/// Gemma: wide heads, norms that scale by one plus their weight, a scaled embedding that is the output embedding too.
///
/// Source: Gemma Team 2024, "Gemma: Open Models Based on Gemini Research and Technology".
extension DecoderConfiguration {
  init(gemma config: ModelConfiguration) throws {
    // Early files call the activation gelu (as hidden_act) and mean its approximation.
    let said: String? = try config.optional("hidden_activation")
    try self.init(
      common: config, keyValueHeads: 16, headSize: 256, contextLength: 8192,
      activation: (said == nil ? "hidden_act" : "hidden_activation", .geluTanh), tied: true)
    if activation == .gelu { activation = .geluTanh }
    try readAttentionBias(config)
    norms.kind = .rms(.fromOne)
    embeddingScale = Double(hiddenSize).squareRoot()
  }
}
