/// Llama 1 to 3 and the many models built like them. Source: Touvron et al. 2023, "LLaMA".
extension DecoderConfiguration {
  init(llama config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 2048)
    let attentionBias = try config.value("attention_bias", default: false)
    (queryKeyValueBias, outputBias) = (attentionBias, attentionBias)
    feedForwardBias = try config.value("mlp_bias", default: false)
  }
}
