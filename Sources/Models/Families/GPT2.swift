import NN

/// GPT-2. Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
extension GPTConfiguration {
  init(gpt2 config: ModelConfiguration) throws {
    try self.init(common: config, activation: .geluNew, ties: true, contextLength: 1024)
    try config.refuse("add_cross_attention", "decoders that read an encoder are not supported")
    storesInputsFirst = true
    scalesScores = try config.value("scale_attn_weights", default: true)
    dividesScoresByLayer = try config.value("scale_attn_by_inverse_layer_idx", default: false)
    dropout = try GPTDropout(gpt2: config, usual: 0.1)
    tokenClassifier = ("classifier", nil)
  }
}
