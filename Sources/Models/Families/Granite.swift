import NN

/// Granite: Llama whose embedding, scores, residuals and logits are multiplied.
///
/// Source: IBM Research 2024, "Granite 3.0 Language Models".
extension DecoderConfiguration {
  init(granite config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 2048)
    try readAttentionBias(config)
    feedForwardBias = try config.value("mlp_bias", default: false)
    try readMultipliers(config)
  }

  /// Granite with experts in every layer.
  init(granitemoe config: ModelConfiguration) throws {
    try self.init(common: config, contextLength: 2048)
    try readAttentionBias(config)
    try readMultipliers(config)
    var mixture = try MixtureConfiguration(
      config, experts: ("num_local_experts", 8), chosen: 2, width: intermediateSize, isNormalized: true)
    (mixture.place, mixture.router) = ("block_sparse_moe", "router")
    self.mixture = mixture
    for index in layers.indices { layers[index].hasExperts = true }
  }

  private mutating func readMultipliers(_ config: ModelConfiguration) throws {
    inputScale = try config.value("embedding_multiplier", default: 1)
    residualScale = try config.value("residual_multiplier", default: 1)
    attentionScale = try config.value("attention_multiplier", default: 1)
    let divisor = try config.value("logits_scaling", default: 1.0)
    guard divisor != 0 else { throw config.invalid("logits_scaling", "must not be 0") }
    logits.scale = 1 / divisor
  }
}

extension ModelFamily {
  /// Its checkpoints have the experts' matrices stacked, under older names.
  static let granitemoe: ModelFamily = {
    var family = ModelFamily.decoder("granitemoe", DecoderConfiguration.init(granitemoe:))
    family.keepsSpelling = true
    family.respell = { name in
      for (old, new) in [
        ("input_linear.weight", "experts.gate_up_proj"), ("output_linear.weight", "experts.down_proj"),
        ("router.layer.weight", "router.weight"),
      ] where name.hasSuffix(".block_sparse_moe.\(old)") {
        return name.dropLast(old.count) + new
      }
      return name
    }
    return family
  }()
}
