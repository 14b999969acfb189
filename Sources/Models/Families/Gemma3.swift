import JSON
import NN

/// Gemma 3's language model: five layers with a window and short waves to each one without, normalized heads.
///
/// Source: Gemma Team 2025, "Gemma 3 Technical Report".
extension DecoderConfiguration {
  init(gemma3 config: ModelConfiguration) throws {
    try self.init(
      common: config, keyValueHeads: 4, headSize: 256, contextLength: 131_072,
      activation: ("hidden_activation", .geluTanh), tied: true,
      rotaries: { size, length in
        try [
          RotaryEmbedding(
            config, kind: "full_attention", dimensions: size, contextLength: length,
            theta: (key: "rope_theta", usual: 1_000_000)),
          RotaryEmbedding(
            config, kind: "sliding_attention", dimensions: size, contextLength: length,
            theta: (key: "rope_local_base_freq", usual: 10_000)),
        ]
      })
    try readSandwich(config)
    headNorm = .each
    logits.cap = try config.cap("final_logit_softcapping", usual: nil)
    let pattern = try config.size("sliding_window_pattern", default: 6)
    let kinds = try config.layerKinds(layerCount) { ($0 + 1) % pattern != 0 }
    try slide(config, kinds: kinds, window: config.window(usual: 4096))
    for (index, kind) in kinds.enumerated() where kind == "sliding_attention" { layers[index].rotary = 1 }
  }
}

extension ModelFamily {
  /// Gemma 3 with eyes, of which the language model is run; the rest of its weights is carried along.
  static let gemma3: ModelFamily = {
    var family = ModelFamily.decoder("gemma3", prefix: "model.language_model") { config in
      guard config.raw["text_config"]?.objectValue != nil else {
        throw config.invalid("text_config", "must be an object; take config.json from the model's repository")
      }
      var design = try DecoderConfiguration(gemma3: config)
      design.place = "model.language_model"
      return design
    }
    family.passengers = ["model.vision_tower.", "model.multi_modal_projector."]
    family.keepsSpelling = true
    // As transformers 4 and 5 name it.
    family.respell = { name in
      for (old, new) in [
        ("language_model.lm_head", "lm_head"), ("language_model.model", "model.language_model"),
        ("vision_tower", "model.vision_tower"), ("multi_modal_projector", "model.multi_modal_projector"),
      ] where name.hasPrefix("\(old).") {
        return new + name.dropFirst(old.count)
      }
      return name
    }
    return family
  }()
}
