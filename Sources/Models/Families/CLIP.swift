import JSON
import NN

/// CLIP, and either of its sides alone.
///
/// Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision".
extension ModelFamily {
  static let clip = ModelFamily(
    modelType: "clip", tasks: [.imageClassification, .featureExtraction], prefix: "vision_model",
    heads: ["classifier.", "text_model.", "text_projection.", "visual_projection.", "logit_scale"],
    buffers: [".position_ids"], passengers: ["vision_model.post_layernorm."], wholeMarks: ["logit_scale"]
  ) { config, task, store in
    try config.refuseQuantization()
    let vision = try VisionTransformer.Configuration(clip: config.part("vision_config"))
    guard task == .imageClassification else {
      return try CLIP(config, CLIPTextTower.Configuration(clip: config.part("text_config")), vision, store)
    }
    let design = VisionDesign(classifierWidth: vision.block.hiddenSize, initial: vision.block.initial) {
      path, task in try VisionTransformer(path, vision, task: task)
    }
    return try ImageClassifier(config, design, prefix: "vision_model", store)
  }

  static let clipText = side(of: "text") { config, store in
    try CLIPTextEncoder(config, CLIPTextTower.Configuration(clip: config), store)
  }

  static let clipVision = side(of: "vision", projection: "visual") { config, store in
    try CLIPVisionEncoder(config, VisionTransformer.Configuration(clip: config), store)
  }

  /// One side: its names may have a prefix in files; in the model they have it where a projection follows.
  private static func side(
    of name: String, projection: String? = nil,
    _ make: @escaping @Sendable (ModelConfiguration, VariableStore) throws -> any Model
  ) -> ModelFamily {
    let (prefix, projection) = ("\(name)_model", "\(projection ?? name)_projection.")
    return ModelFamily(
      modelType: "clip_\(name)_model", tasks: [.featureExtraction], prefix: prefix, heads: [projection],
      buffers: [".position_ids"], keepsSpelling: true, wholeMarks: [projection]
    ) { config, _, store in
      try config.refuseQuantization()
      return try make(config, store)
    }
  }
}

extension ModelConfiguration {
  /// One side's part of the configuration, above which older files have it whole under another name.
  fileprivate func part(_ key: String) throws -> ModelConfiguration {
    var fields: JSONObject = try optional(key) ?? [:]
    let older: JSONObject = try optional("\(key)_dict") ?? [:]
    for (key, value) in older { fields[key] = value }
    return ModelConfiguration(fields, path: "\(path), \(key)")
  }
}

extension PreNormConfiguration {
  fileprivate init(clip config: ModelConfiguration, size: Int, inner: Int, heads: Int) throws {
    let d = try config.size("hidden_size", default: size)
    self.init(
      hiddenSize: d, intermediateSize: try config.size("intermediate_size", default: inner),
      headCount: try config.size("num_attention_heads", default: heads),
      activation: try config.activation("hidden_act", default: .quickGelu),
      normEpsilon: try config.value("layer_norm_eps", default: 1e-5),
      attentionDropout: try config.rate("attention_dropout", default: 0),
      initial: .normal(std: 1 / Double(d).squareRoot()))
    try config.requireHeads(headCount, of: d, key: "hidden_size")
    names = PreNormNames(
      query: "self_attn.q_proj", key: "self_attn.k_proj", value: "self_attn.v_proj",
      output: "self_attn.out_proj",
      attentionNorm: "layer_norm1", feedForwardNorm: "layer_norm2")
  }
}

extension VisionTransformer.Configuration {
  fileprivate init(clip config: ModelConfiguration) throws {
    block = try PreNormConfiguration(clip: config, size: 768, inner: 3072, heads: 12)
    patches = try PatchConfiguration(config, patch: 32, hiddenSize: block.hiddenSize)
    patches.names = PatchConfiguration.Names(
      first: "class_embedding", projection: "patch_embedding", places: "position_embedding", isFlat: true)
    blocks = try (0..<config.layerCount("num_hidden_layers", default: 12)).map { "encoder.layers.\($0)" }
    // As the checkpoints spell it.
    (firstNorm, lastNorm, normsFirstOnly, reading) = ("pre_layrnorm", "post_layernorm", true, .mean)
  }
}

extension CLIPTextTower.Configuration {
  fileprivate init(clip config: ModelConfiguration) throws {
    block = try PreNormConfiguration(clip: config, size: 512, inner: 2048, heads: 8)
    layerCount = try config.layerCount("num_hidden_layers", default: 12)
    vocabularySize = try config.size("vocab_size", default: 49408)
    positionCount = try config.size("max_position_embeddings", default: 77)
    endID = try config.endOfTextIDs.first ?? 49407
  }
}
