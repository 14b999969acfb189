extension ModelFamily {
  /// A family of encoder-decoders.
  ///
  /// - Parameters:
  ///   - prefix: of the body's names in front of a language model's head; empty for none.
  ///   - classifierPrefix: the same in front of a classifier's.
  ///   - tasks: the first is the usual one; those of encoders leave the decoder out.
  ///   - wideModules: modules that stay float32 under float16, and dense whatever is quantized.
  static func encoderDecoder(
    _ modelType: String, prefix: String, classifierPrefix: String,
    tasks: [ModelTask] = [.seq2seqLM, .sequenceClassification], wideModules: [String] = [],
    _ read: @escaping @Sendable (ModelConfiguration) throws -> EncoderDecoderConfiguration
  ) -> ModelFamily {
    ModelFamily(
      modelType: modelType, tasks: tasks, prefix: prefix,
      classifierPrefix: classifierPrefix,
      heads: ["lm_head.", "final_logits_bias", "classification_head.", "qa_outputs.", "classifier."],
      // Left behind by the programs that the first checkpoints were converted with.
      buffers: ["encoder.version", "decoder.version", "EncDecAttention.relative_attention_bias.weight"],
      encoderSuffix: tasks.contains(.featureExtraction) ? "EncoderModel" : nil,
      unread: [.tokenClassification: "\(classifierPrefix).decoder.", .featureExtraction: "decoder."],
      repeatsLayers: false, wideModules: wideModules
    ) { config, task, store in
      let parts = try read(config)
      switch task {
      case .sequenceClassification:
        return try EncoderDecoderForSequenceClassification(config, parts, prefix: classifierPrefix, store)
      case .tokenClassification:
        return try EncoderForTokenClassification(
          config, EncoderDesign(encoderOf: parts), prefix: classifierPrefix, task: task, store)
      case .featureExtraction:
        return try EncoderForFeatureExtraction(config, EncoderDesign(encoderOf: parts), store)
      case .seq2seqLM, .causalLM, .questionAnswering, .maskedLM, .imageClassification:
        return try EncoderDecoderForSequenceToSequence(config, parts, prefix: prefix, store)
      }
    }
  }
}
