/// Mixtral: Mistral with experts in every layer. Source: Jiang et al. 2024, "Mixtral of Experts".
extension DecoderConfiguration {
  init(mixtral config: ModelConfiguration) throws {
    try self.init(
      common: config, keyValueHeads: 8, contextLength: 4096 * 32, eps: ("rms_norm_eps", 1e-5),
      theta: 1_000_000)
    let window = try config.window(usual: nil)
    var mixture = try MixtureConfiguration(
      config, experts: ("num_local_experts", 8), chosen: 2, width: intermediateSize, isNormalized: true)
    mixture.jitter = try config.rate("router_jitter_noise", default: 0)
    self.mixture = mixture
    for index in layers.indices { (layers[index].window, layers[index].hasExperts) = (window, true) }
  }
}

extension ModelFamily {
  /// Its checkpoints call the half `block_sparse_moe`, and the matrices of an expert `w1`, `w2` and `w3`.
  static let mixtral = ModelFamily.mixture(
    "mixtral", gate: "w1", up: "w3", down: "w2",
    respell: { name in
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      return parts.map { $0 == "block_sparse_moe" ? "mlp" : $0 }.joined(separator: ".")
    }, DecoderConfiguration.init(mixtral:))
}
