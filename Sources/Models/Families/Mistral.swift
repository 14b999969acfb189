/// Mistral: Llama with a window in every layer. Source: Jiang et al. 2023, "Mistral 7B".
extension DecoderConfiguration {
  init(mistral config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 8, contextLength: 4096 * 32)
    // A file that says null means no window; one that says nothing means the usual one.
    let window = try config.window(usual: 4096)
    for index in layers.indices { layers[index].window = window }
  }
}
