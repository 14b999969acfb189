import NN

extension AdaptedModel {
  /// Adds an ordinary LoRA that combines adapters of this model; it is inactive and not trainable.
  ///
  /// Adapters of methods that are no plain low-rank update, such as DoRA, count with what they add to the base's
  /// weights.
  /// - Throws: ``AdapterError`` or `ConfigurationError` when the adapters cannot be combined so; nothing has changed then.
  public func combine(_ chosen: [String], _ combination: Combination, named name: String) throws {
    let sources = try chosen.map(source)
    let folder = try Combiner(combination).combine(sources)
    let before = active
    try load(folder, named: name)
    try activate(before)
  }

  /// An adapter as an ordinary LoRA; see ``AdapterSource/ordinaryLoRA(keeping:)``.
  public func ordinaryLoRA(of name: String = "default", keeping truncation: Truncation? = nil) throws
    -> AdapterFolder
  {
    try source(name).ordinaryLoRA(keeping: truncation)
  }

  /// An adapter to be taken apart, by its factors alone where they say everything.
  private func source(_ name: String) throws -> AdapterSource {
    let folder = try self.folder(of: name)
    let isPlain = (try? folder.updates()) != nil
    return AdapterSource(folder, deltas: isPlain ? nil : try deltas(of: name))
  }
}
