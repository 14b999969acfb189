import NN

/// GPT-BigCode (SantaCoder, StarCoder): GPT-2 whose heads share keys and values. Source: Li et al. 2023, "StarCoder".
extension GPTConfiguration {
  init(gptBigCode config: ModelConfiguration) throws {
    try self.init(common: config, activation: .geluTanh, ties: true, contextLength: 1024)
    try config.refuse("add_cross_attention", "decoders that read an encoder are not supported")
    let sharesKeys = try config.value("multi_query", default: true)
    keyValueHeadCount = sharesKeys ? 1 : headCount
    names.heads = .fused("c_attn", partitions: keyValueHeadCount)
    scalesScores = try config.value("scale_attn_weights", default: true)
    dropout = try GPTDropout(gpt2: config, usual: 0.1)
    tokenClassifier = ("classifier", nil)
  }
}
