import NN

extension AdaptedModel {
  /// Adds an ordinary LoRA that combines adapters of this model; it is inactive and not trainable.
  ///
  /// Adapters of methods that are no plain low-rank update, such as DoRA, count with what they add to the base's
  /// weights.
  /// - Throws: ``AdapterError`` or `ConfigurationError` when the adapters cannot be combined so; nothing has changed then.
  public func combine(_ chosen: [String], _ combination: Combination, named name: String) throws {
    let sources = try chosen.map { adapter in
      let folder = try self.folder(of: adapter)
      let isPlain = (try? folder.updates()) != nil
      return Combiner.Source(folder, deltas: isPlain ? nil : try deltas(of: adapter))
    }
    let folder = try Combiner(combination).combine(sources)
    let before = active
    try load(folder, named: name)
    try activate(before)
  }
}
