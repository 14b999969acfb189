import NN

/// RoBERTa, and XLM-RoBERTa, which differs in its vocabulary only. Source: Liu et al. 2019, "RoBERTa".
extension EncoderConfiguration {
  init(roberta config: ModelConfiguration) throws {
    try self.init(bertLike: config, prefix: "roberta")
    let padding = try config.value("pad_token_id", default: 1)
    guard padding >= 0, padding + 1 < positionCount else {
      throw config.invalid(
        "pad_token_id", "must be a row of the \(positionCount) positions, but not the last")
    }
    (paddingID, firstPosition) = (padding, padding + 1)
    pooler = EncoderPooler(
      name: "classifier.dense", inputDropout: classifierDropout.text, output: "classifier.out_proj")
    language = LanguageHeadDesign(
      dense: "lm_head.dense", width: hiddenSize, activation: .gelu,
      norm: EncoderHeadNorm(name: "lm_head.layer_norm", eps: normEpsilon), output: "lm_head.decoder",
      bias: "lm_head.bias")
  }
}
