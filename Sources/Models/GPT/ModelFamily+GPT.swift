extension ModelFamily {
  /// A family of decoders of the GPT kind.
  ///
  /// - Parameters:
  ///   - prefix: of the body's names.
  ///   - head: what checkpoints call the output embedding, where it is not `lm_head`.
  static func gpt(
    _ modelType: String, prefix: String = "transformer",
    tasks: [ModelTask] = [.causalLM, .sequenceClassification, .tokenClassification],
    head: String = "lm_head",
    _ read: @escaping @Sendable (ModelConfiguration) throws -> GPTConfiguration
  ) -> ModelFamily {
    var family = decoder(modelType, prefix: prefix, tasks: tasks, read)
    family.heads = ["lm_head.", "score.", "classifier.", "qa_outputs.", "multiple_choice_head."]
    family.buffers += [
      ".attn.bias", ".attn.masked_bias", ".attn.causal_mask", ".attention.bias", ".attention.masked_bias",
    ]
    guard head != "lm_head" else { return family }
    family.respell = { renamed($0, from: head, to: "lm_head") }
    family.spellStored = { renamed($0, from: "lm_head", to: head) }
    return family
  }

  private static func renamed(_ name: String, from old: String, to new: String) -> String {
    name.hasPrefix("\(old).") ? new + name.dropFirst(old.count) : name
  }
}
