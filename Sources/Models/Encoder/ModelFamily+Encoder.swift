extension ModelFamily {
  /// A family of encoders that spell their configuration as BERT does.
  ///
  /// - Parameter prefix: of the body's names; nil for the name of the family.
  static func encoder(
    _ modelType: String, prefix: String? = nil, repeatsLayers: Bool = true,
    _ read: @escaping @Sendable (ModelConfiguration) throws -> EncoderConfiguration
  ) -> ModelFamily {
    encoder(modelType, prefix: prefix, repeatsLayers: repeatsLayers, design: { try EncoderDesign(read($0)) })
  }

  /// A family of encoders.
  ///
  /// - Parameters:
  ///   - prefix: of the body's names; nil for the name of the family.
  ///   - repeatsLayers: whether every layer is the same wherever it stands.
  ///   - others: what the names of heads begin with that only this family has.
  static func encoder(
    _ modelType: String, prefix: String? = nil, heads others: [String] = [], repeatsLayers: Bool = true,
    design: @escaping @Sendable (ModelConfiguration) throws -> EncoderDesign
  ) -> ModelFamily {
    let prefix = prefix ?? modelType
    return ModelFamily(
      modelType: modelType,
      tasks: [
        .sequenceClassification, .tokenClassification, .questionAnswering, .maskedLM, .featureExtraction,
      ],
      prefix: prefix,
      heads: [
        "classifier.", "pre_classifier.", "cls.", "lm_head.", "qa_outputs.", "predictions.",
        "sop_classifier.",
        "vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "generator_predictions.",
        "generator_lm_head.", "discriminator_predictions.", "lm_predictions.", "mask_predictions.",
      ] + others,
      // Bodies are often published without the layer that pools a text, or used without it.
      spares: ["\(prefix).pooler.", "\(prefix).embeddings.position_ids"], repeatsLayers: repeatsLayers,
      respell: modern
    ) { config, task, store in
      let design = try design(config)
      switch task {
      case .tokenClassification, .questionAnswering:
        return try EncoderForTokenClassification(config, design, prefix: prefix, task: task, store)
      case .maskedLM: return try EncoderForMaskedLM(config, design, prefix: prefix, store)
      case .featureExtraction: return try EncoderForFeatureExtraction(config, design, store)
      case .sequenceClassification, .causalLM, .seq2seqLM, .imageClassification:
        return try EncoderForSequenceClassification(config, design, prefix: prefix, store)
      }
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
