import NN

/// Cohere's Command R: both halves of a layer read the same norm, and neighbours turn together.
///
/// Source: Cohere 2024, "Command R" (`modeling_cohere.py` of transformers).
extension DecoderConfiguration {
  init(cohere config: ModelConfiguration) throws {
    try self.init(parallel: config, theta: 500_000)
    if try config.value("use_qk_norm", default: false) { headNorm = .eachItsOwn }
  }

  /// Command R7B and A: a window in three of four layers, in which alone heads turn.
  ///
  /// Source: Cohere 2025, "Command A: An Enterprise-Ready Large Language Model".
  init(cohere2 config: ModelConfiguration) throws {
    try self.init(parallel: config, theta: 10_000)
    let pattern = try config.size("sliding_window_pattern", default: 4)
    let kinds = try config.layerKinds(layerCount) { ($0 + 1) % pattern != 0 }
    try slide(config, kinds: kinds, window: config.window(usual: 4096))
    for (index, kind) in kinds.enumerated() where kind == "full_attention" { layers[index].rotary = nil }
  }

  private init(parallel config: ModelConfiguration, theta: Double) throws {
    try self.init(
      common: config, contextLength: 8192, eps: ("layer_norm_eps", 1e-5), tied: true, theta: theta)
    try readAttentionBias(config)
    norms.kind = .layer
    norms.beforeFeedForward = nil
    isParallel = true
    rotaries[0].pairs = .neighbours
    logits.scale = try config.value("logit_scale", default: 0.0625)
  }
}
