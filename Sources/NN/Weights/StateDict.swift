import Torch

extension VariableStore {
  /// Every weight as it is now, under its full name and in the order of construction.
  ///
  /// Merged adapters are in it. A tied weight has one name, unless a merge or training has made the twins differ:
  /// then both appear. Layers that are built again appear under each name. Weights that are stored quantized come out
  /// dense.
  public func stateDict() throws -> [(name: String, tensor: Tensor)] {
    let names = parameters.map { ($0.name, $0) } + copies
    var entries = try names.map { ($0.0, try weight(named: $0.0) ?? $0.1.tensor) }
    for (name, _) in quantizedNames {
      if let tensor = try weight(named: name) { entries.append((name, tensor)) }
    }
    for (name, parameter) in ties {
      let twin = try weight(named: parameter.name)
      if let tensor = try weight(named: name), tensor !== twin { entries.append((name, tensor)) }
    }
    return entries
  }

  /// The weight called `name` as it is now and as files have it, with adapters that are merged; nil when there is none.
  public func weight(named name: String) throws -> Tensor? {
    let own = parameter(named: name)?.tensor
    guard let layer = layer(of: name) else { return own }
    guard name == layer.weightName else { return layer.bias?.tensor ?? own }
    let weight = try layer.weight.dense(layer.weight.dtype)
    return layer.isTurnedInFiles ? try weight.t() : weight
  }
}
