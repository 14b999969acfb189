extension ModelFamily {
  /// A family of encoders.
  ///
  /// - Parameter prefix: of the body's names; nil for the name of the family.
  static func encoder(
    _ modelType: String, prefix: String? = nil,
    _ read: @escaping @Sendable (ModelConfiguration) throws -> EncoderConfiguration
  ) -> ModelFamily {
    let prefix = prefix ?? modelType
    return ModelFamily(
      modelType: modelType, tasks: [.sequenceClassification, .tokenClassification], prefix: prefix,
      heads: [
        "classifier.", "pre_classifier.", "cls.", "lm_head.", "qa_outputs.", "predictions.",
        "sop_classifier.",
        "vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "generator_predictions.",
        "generator_lm_head.", "discriminator_predictions.",
      ],
      // Bodies are often published without the layer that pools a text, or used without it.
      spares: ["\(prefix).pooler.", "\(prefix).embeddings.position_ids"],
      respell: modern
    ) { config, task, store in
      let encoder = try read(config)
      return task == .tokenClassification
        ? try EncoderForTokenClassification(config, encoder, prefix: prefix, store)
        : try EncoderForSequenceClassification(config, encoder, prefix: prefix, store)
    }
  }

  /// The name of a normalization's parameter where it is spelled as in TensorFlow.
  private static func modern(_ name: String) -> String {
    for (old, new) in [("gamma", "weight"), ("beta", "bias")] where name.hasSuffix("LayerNorm.\(old)") {
      return name.dropLast(old.count) + new
    }
    return name
  }
}
