import NN

extension AdaptedModel {
  /// Runs `body` with exactly these adapters active, and makes those active again that were.
  ///
  /// - Throws: ``AdapterError`` for an unknown name; what `body` throws.
  public func withAdapters<Result>(_ chosen: [String], _ body: () throws -> Result) throws -> Result {
    let before = active
    try activate(chosen)
    defer { try? activate(before) }
    return try body()
  }

  /// Multiplies what an adapter adds by `factor` from now on; 1 is as trained. Merged adapters stay as they were merged.
  ///
  /// For LoRA and its kin the factor multiplies the scale alpha / r.
  /// - Throws: ``AdapterError`` for methods without a scale.
  public func setScale(_ factor: Double, of name: String = "default") throws {
    try checkKnown(name)
    guard factor.isFinite else { throw AdapterError("a scale of \(factor): give a finite number") }
    let adapters = store.layers.compactMap { $0.slot[name]?.adapter }
    let scalable = adapters.compactMap { $0 as? any ScalableAdapter }
    guard !scalable.isEmpty else {
      throw AdapterError("adapter '\(name)' has no scale: only updates s B A have one")
    }
    for adapter in scalable { adapter.factor = factor }
  }

  /// The factor of ``setScale(_:of:)``; 1 for adapters without one.
  public func scale(of name: String = "default") throws -> Double {
    try checkKnown(name)
    return store.layers.lazy.compactMap { $0.slot[name]?.adapter as? any ScalableAdapter }.first?.factor ?? 1
  }

  /// Runs `body` with what an adapter adds multiplied by `factor`.
  public func withScale<Result>(
    _ factor: Double, of name: String = "default", _ body: () throws -> Result
  ) throws -> Result {
    let before = try scale(of: name)
    try setScale(factor, of: name)
    defer { try? setScale(before, of: name) }
    return try body()
  }

  /// Gives an adapter another name; its state stays.
  ///
  /// - Throws: ``AdapterError`` when there is none of this name, or the new one is taken or no name.
  public func rename(_ old: String, to new: String) throws {
    try checkKnown(old)
    guard old != new else { return }
    try checkNew(new)
    for layer in store.layers { layer.slot.rename(old, to: new) }
    store.prompts?.rename(old, to: new)
    changeName(old, to: new)
  }
}

/// An adapter whose update has a scale that can be changed at run time.
protocol ScalableAdapter: LayerAdapter {
  /// Multiplies the scale that the configuration gives.
  var factor: Double { get set }
}
