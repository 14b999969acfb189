import NN

extension AdaptedModel {
  /// Layers in which an adapter has a higher rank than any update of the weight can have: it costs, and gives nothing.
  ///
  /// Hugging Face PEFT takes such adapters without a word, so they load and work here too.
  public func excessRanks(of name: String = "default") -> [(layer: String, rank: Int, limit: Int)] {
    let firsts = ["lora_A.weight", "lora_A", "lora_embedding_A"]
    return parameters(of: name).compactMap { entry in
      guard firsts.contains(entry.parameter.name), let rank = entry.parameter.tensor.shape.first,
        let sizes = try? store.layer(named: entry.layer)?.linearSizes()
      else { return nil }
      let limit = min(sizes.inputs, sizes.outputs)
      return rank > limit ? (entry.layer, rank, limit) : nil
    }
  }
}
