/// Llama 1 to 3 and the many models built like them. Source: Touvron et al. 2023, "LLaMA".
extension DecoderConfiguration {
  init(llama config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 2048)
    try readAttentionBias(config)
    feedForwardBias = try config.value("mlp_bias", default: false)
  }
}
