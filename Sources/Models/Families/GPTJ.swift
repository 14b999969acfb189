import NN

/// GPT-J, and CodeGen, which fuses its projections. Source: Wang and Komatsuzaki 2021, "GPT-J-6B".
extension GPTConfiguration {
  init(gptj config: ModelConfiguration) throws {
    try self.init(common: config, activation: .geluNew, ties: false)
    // The angles have no other base in these families.
    var rotary = RotaryEmbedding(
      theta: 10000, dimensions: try config.size("rotary_dim", default: headSize),
      contextLength: contextLength,
      scaling: .none)
    guard rotary.dimensions % 2 == 0, rotary.dimensions <= headSize else {
      throw config.invalid("rotary_dim", "must be even, and at most the size of a head (\(headSize))")
    }
    rotary.pairs = .neighbours
    positions = .rotary(rotary)
    residual = .parallel(sharesNorm: true)
    (queryKeyValueBias, outputBias, headBias) = (false, false, true)
    dropout = try GPTDropout(gpt2: config, usual: 0)
    (names.up, names.down, names.attentionOutput) = ("mlp.fc_in", "mlp.fc_out", "out_proj")
    names.heads = .separate(query: "q_proj", key: "k_proj", value: "v_proj")
  }

  /// Source: Nijkamp et al. 2022, "CodeGen".
  init(codegen config: ModelConfiguration) throws {
    try self.init(gptj: config)
    guard headCount % 4 == 0 else {
      throw config.invalid(config.key("n_head", "num_attention_heads"), "must be a multiple of 4")
    }
    // Kept as the four processors had it that trained the first ones.
    names.heads = .fused("qkv_proj", partitions: 4, valuesFirst: true)
  }
}
