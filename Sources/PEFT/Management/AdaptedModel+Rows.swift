import NN

extension AdaptedModel {
  /// Whether an adapter is a soft prompt, which stands before every row of a batch and cannot be chosen by row.
  public func isPrompt(_ name: String) -> Bool { store.prompts?[name] != nil }

  /// Runs `body` with an adapter of its own for each row of the batches in it; which adapters are active does not count.
  ///
  /// - Parameter names: by row; nil or `__base__` for the bare model.
  /// - Throws: ``AdapterError`` for an unknown name, and while an adapter is merged, which would be in every row.
  public func withAdapters<Result>(byRow names: [String?], _ body: () throws -> Result) throws -> Result {
    let rows = RowAdapters(names)
    for name in Set(rows.names.compactMap(\.self)).sorted() {
      try checkKnown(name)
      guard !isPrompt(name) else {
        throw AdapterError(
          "'\(name)' is a soft prompt, which stands before every row: activate it for a whole batch")
      }
    }
    if let merged = self.names.first(where: isMerged) {
      throw AdapterError("adapter '\(merged)' is merged, so it is in every row: unmerge it first")
    }
    let before = store.mode.rowAdapters
    store.mode.rowAdapters = rows
    defer { store.mode.rowAdapters = before }
    return try body()
  }
}
