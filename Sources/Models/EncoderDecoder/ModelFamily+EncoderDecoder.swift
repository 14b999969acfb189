extension ModelFamily {
  /// A family of encoder-decoders.
  ///
  /// - Parameters:
  ///   - prefix: of the body's names in front of a language model's head; empty for none.
  ///   - classifierPrefix: the same in front of a classifier's.
  ///   - wideModules: modules that stay float32 under float16, and dense whatever is quantized.
  static func encoderDecoder(
    _ modelType: String, prefix: String, classifierPrefix: String, wideModules: [String] = [],
    _ read: @escaping @Sendable (ModelConfiguration) throws -> EncoderDecoderConfiguration
  ) -> ModelFamily {
    ModelFamily(
      modelType: modelType, tasks: [.seq2seqLM, .sequenceClassification], prefix: prefix,
      classifierPrefix: classifierPrefix,
      heads: ["lm_head.", "final_logits_bias", "classification_head.", "qa_outputs.", "classifier."],
      // Left behind by the programs that the first checkpoints were converted with.
      buffers: ["encoder.version", "decoder.version", "EncDecAttention.relative_attention_bias.weight"],
      wideModules: wideModules
    ) { config, task, store in
      let parts = try read(config)
      return task == .sequenceClassification
        ? try EncoderDecoderForSequenceClassification(config, parts, prefix: classifierPrefix, store)
        : try EncoderDecoderForSequenceToSequence(config, parts, prefix: prefix, store)
    }
  }
}
