import Torch

extension VariableStore {
  /// Every weight as it is now, under its full name and in the order of construction.
  ///
  /// Merged adapters are in it. A tied weight has one name, unless a merge or training has made the twins differ:
  /// then both appear. Weights that are stored quantized come out dense.
  public func stateDict() throws -> [(name: String, tensor: Tensor)] {
    var entries = try parameters.map { ($0.name, try current($0.name) ?? $0.tensor) }
    for (name, parameter) in ties {
      let twin = try current(parameter.name) ?? parameter.tensor
      if let tensor = try current(name), tensor !== twin { entries.append((name, tensor)) }
    }
    return entries
  }

  /// The weight or bias of the layer that `name` belongs to.
  private func current(_ name: String) throws -> Tensor? {
    guard let dot = name.lastIndex(of: "."), let layer = layer(named: String(name[..<dot])) else {
      return nil
    }
    switch name[name.index(after: dot)...] {
    case "weight": return try layer.weight.dense(layer.weight.dtype)
    case "bias": return layer.bias?.tensor
    default: return nil
    }
  }
}
