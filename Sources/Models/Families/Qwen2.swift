/// Qwen 2 and 2.5: biases on queries, keys and values. Source: Yang et al. 2024, "Qwen2 Technical Report".
extension DecoderConfiguration {
  init(qwen2 config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 32, contextLength: 32768)
    queryKeyValueBias = true
    try readWindows(config)
  }
}
