/// Phi 3, 3.5 and 4-mini: fused projections, heads that turn in part, long contexts by LongRoPE.
///
/// Source: Abdin et al. 2024, "Phi-3 Technical Report".
extension DecoderConfiguration {
  init(phi3 config: ModelConfiguration) throws {
    try self.init(
      common: config, contextLength: 4096, eps: ("rms_norm_eps", 1e-5),
      rotaries: { size, length in
        // Early files call LongRoPE su, or yarn.
        [
          try RotaryEmbedding(
            config, dimensions: size, contextLength: length, usualShare: 1,
            aliases: ["su": .longrope, "yarn": .longrope])
        ]
      })
    isFused = true
    residualDropout = try config.rate("resid_pdrop", default: 0)
    let window = try config.window(usual: nil)
    for index in layers.indices { layers[index].window = window }
  }
}
