/// BERT. Source: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers".
extension EncoderConfiguration {
  init(bert config: ModelConfiguration) throws { try self.init(bertLike: config, prefix: "bert") }
}
