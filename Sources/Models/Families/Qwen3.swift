/// Qwen 3: each head's queries and keys are normalized. Source: Yang et al. 2025, "Qwen3 Technical Report".
extension DecoderConfiguration {
  init(qwen3 config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 32, headSize: 128, contextLength: 32768)
    let attentionBias = try config.value("attention_bias", default: false)
    (queryKeyValueBias, outputBias) = (attentionBias, attentionBias)
    normalizesHeads = true
    windows = try Self.windows(config, layers: layerCount)
  }
}
