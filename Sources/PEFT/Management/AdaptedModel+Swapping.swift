import NN
import Torch

extension AdaptedModel {
  /// Puts the values of another adapter in the place of `name`, which stays active, trainable and where it is among the
  /// others.
  ///
  /// Tensors of the same shape keep their memory; ranks and layers may differ. Moments of an optimizer belong to the old
  /// values: begin a new one.
  /// - Throws: ``AdapterError`` when the adapter is merged or of another method, and what loading throws; nothing has
  ///   changed then.
  @discardableResult
  public func swap(_ name: String = "default", for folder: AdapterFolder) throws -> LoadReport {
    try checkKnown(name)
    guard !isMerged(name) else {
      throw AdapterError("adapter '\(name)' is merged: unmerge it before swapping")
    }
    guard store.prompts?[name] == nil else {
      throw AdapterError("'\(name)' is a soft prompt, which cannot be swapped: delete it and load the other")
    }
    let (before, order) = (active, names)
    let old = configurations[name].map { type(of: $0.method).peftType } ?? ""
    let new = type(of: folder.configuration.method).peftType
    guard old == new else {
      throw AdapterError("'\(name)' is \(old) and the other adapter \(new): delete one and load the other")
    }
    let isTrainable = store.layers.contains { $0.slot[name]?.isTrainable == true }
    let temporary = "swapped in"
    let report = try load(folder, named: temporary)
    try withoutGradients {
      for layer in store.layers {
        guard let fresh = layer.slot[temporary]?.adapter, let stale = layer.slot[name]?.adapter else {
          continue
        }
        for (own, value) in zip(stale.parameters, fresh.parameters)
        where own.name == value.name && own.tensor.shape == value.tensor.shape {
          try own.tensor.requireGrad(false).copy_(value.tensor)
          value.tensor = own.tensor
        }
      }
    }
    try delete(name)
    try rename(temporary, to: name)
    names = order
    try setTrainable(isTrainable, name)
    try activate(before)
    return report
  }
}
