import JSON

/// Mistral: Llama with a window in every layer. Source: Jiang et al. 2023, "Mistral 7B".
extension DecoderConfiguration {
  init(mistral config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 8, contextLength: 4096 * 32)
    // A file that says null means no window; one that says nothing means the usual one.
    let window = config.raw["sliding_window"] == nil ? 4096 : try config.optional("sliding_window") as Int?
    if let window, window < 1 { throw config.invalid("sliding_window", "must be at least 1, or null") }
    windows = windows.map { _ in window }
  }
}
