import Torch

/// The adapters of one layer: an ordered list, each with its own state.
///
/// Injecting, removing, toggling and hot-swapping edit this list; the layer itself is never replaced.
public final class AdapterSlot {
  public struct Entry {
    public internal(set) var name: String
    public let adapter: any LayerAdapter
    /// Whether it takes part in the output.
    public var isActive: Bool
    /// Whether it is folded into the layer's weight at the moment.
    public internal(set) var isMerged = false

    /// Whether training changes it. Independent of being active.
    public var isTrainable: Bool { adapter.parameters.contains { $0.isLearned && $0.tensor.requiresGrad } }
  }

  public private(set) var entries: [Entry] = []
  private let mode: Mode
  /// The weight and bias without any merged adapter, if some are merged.
  private(set) var untouched: (weight: any WeightStorage, bias: Parameter?)?

  init(mode: Mode) { self.mode = mode }

  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  public func insert(_ adapter: any LayerAdapter, named name: String, isActive: Bool) {
    entries.removeAll { $0.name == name }
    entries.append(Entry(name: name, adapter: adapter, isActive: isActive))
  }

  /// - Throws: ``AdapterError`` while the adapter is merged.
  public func remove(_ name: String) throws {
    guard self[name]?.isMerged != true else {
      throw AdapterError("adapter '\(name)' is merged: unmerge it first")
    }
    entries.removeAll { $0.name == name }
  }

  /// Gives an adapter another name, which must be free.
  public func rename(_ old: String, to new: String) {
    guard let index = entries.firstIndex(where: { $0.name == old }) else { return }
    entries[index].name = new
  }

  /// Makes exactly `names` active, in their order.
  public func activate(_ names: [String]) {
    for index in entries.indices { entries[index].isActive = names.contains(entries[index].name) }
    let order = { (entry: Entry) in names.firstIndex(of: entry.name) ?? names.count }
    entries = entries.enumerated().sorted { (order($0.element), $0.offset) < (order($1.element), $1.offset) }
      .map(\.element)
  }

  public func setTrainable(_ value: Bool, _ name: String) throws {
    guard let entry = self[name] else { return }
    for parameter in entry.adapter.parameters where parameter.isLearned {
      try parameter.tensor.requireGrad(value)
    }
  }

  /// Adapters that add to the output now.
  var working: [any LayerAdapter] {
    mode.usesAdapters ? entries.lazy.filter { $0.isActive && !$0.isMerged }.map(\.adapter) : []
  }

  /// The layer's output with its adapters.
  func output(_ x: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    if mode.usesAdapters, let rows = mode.rowAdapters { return try output(x, of: layer, by: rows) }
    return try AdapterBase(layer: layer, below: working[...]).output(x)
  }

  /// Whether rows differ in their adapters here, so that the layer's output is no one product.
  var isByRow: Bool { mode.usesAdapters && mode.rowAdapters != nil && !entries.isEmpty }

  /// The layer's untouched weight and bias with `names` folded in, in float32; the layer itself stays as it is.
  func folding(of names: [String], for layer: any AdaptableLayer) throws -> Folding {
    try withoutGradients {
      let (weight, bias) = untouched ?? (layer.weight, layer.bias)
      let dense = try weight.dense(.float32).detached()
      var folding = Folding(
        weight: dense, bias: try bias?.tensor.to(dtype: .float32), untouched: dense, layer: layer)
      for entry in entries where names.contains(entry.name) { try entry.adapter.fold(into: &folding) }
      return folding
    }
  }

  /// Folds `names`, and what was merged before, into the layer's untouched weight, in float32.
  ///
  /// Starting from the untouched weight makes merges one by one equal to a joint one, and keeping it lets
  /// ``unmerge(from:)`` restore its very bits.
  func merge(_ names: [String], into layer: any AdaptableLayer) throws {
    guard entries.contains(where: { names.contains($0.name) && !$0.isMerged }) else { return }
    let original = untouched ?? (layer.weight, layer.bias)
    let chosen = entries.indices.filter { entries[$0].isMerged || names.contains(entries[$0].name) }
    let folding = try folding(of: chosen.map { entries[$0].name }, for: layer)
    try withoutGradients {
      let dtype = original.weight.dtype
      let weight = try folding.weight.to(dtype: dtype)
      let bias = try folding.bias?.to(dtype: dtype)
      layer.weight = Parameter(name: layer.weightName, tensor: weight)
      layer.bias = bias.map { Parameter(name: layer.biasName, tensor: $0) }
    }
    untouched = original
    for index in chosen { entries[index].isMerged = true }
  }

  /// Takes every merged adapter out again.
  func unmerge(from layer: any AdaptableLayer) {
    guard let original = untouched else { return }
    (layer.weight, layer.bias) = original
    untouched = nil
    for index in entries.indices { entries[index].isMerged = false }
  }

  /// Makes a merge permanent: the untouched weight is forgotten, and every adapter with it.
  func commit() {
    untouched = nil
    entries.removeAll()
  }
}
