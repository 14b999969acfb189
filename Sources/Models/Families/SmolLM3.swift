/// SmolLM 3: Llama in which the heads of every fourth layer do not turn.
///
/// Source: Bakouch et al. 2025, "SmolLM3"; Yang et al. 2025, "Rope to Nope and Back Again".
extension DecoderConfiguration {
  init(smollm3 config: ModelConfiguration) throws {
    try self.init(common: config, keyValueHeads: 4, contextLength: 32768, tied: true, theta: 2_000_000)
    try readAttentionBias(config)
    feedForwardBias = try config.value("mlp_bias", default: false)
    let interval = try config.size("no_rope_layer_interval", default: 4)
    let turning: [Int] =
      try config.optional("no_rope_layers") ?? (1...layerCount).map { $0 % interval == 0 ? 0 : 1 }
    guard turning.count == layerCount else {
      throw config.invalid("no_rope_layers", "must have 0 or 1 for each of the \(layerCount) layers")
    }
    for (index, turns) in turning.enumerated() where turns == 0 { layers[index].rotary = nil }
    guard try config.value("use_sliding_window", default: false), let window = try config.window(usual: nil)
    else { return }
    try slide(config, kinds: config.layerKinds(layerCount) { turning[$0] == 0 }, window: window)
  }
}
