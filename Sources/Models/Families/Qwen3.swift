/// Qwen 3: each head's queries and keys are normalized. Source: Yang et al. 2025, "Qwen3 Technical Report".
extension DecoderConfiguration {
  init(qwen3 config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 32, headSize: 128, contextLength: 32768)
    try readAttentionBias(config)
    headNorm = .each
    try readWindows(config)
  }
}
