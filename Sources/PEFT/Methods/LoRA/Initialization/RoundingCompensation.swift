import JSON
import NN
import Torch

extension AdaptedModel {
  /// Sets the factors of a LoRA, layer by layer, to the leading singular part of what the base's stored weights lack of
  /// the original ones: for bases whose weights were rounded before the adapter came.
  ///
  /// One turn of LoftQ with the rounding as it is; the update s B A then makes up for what it can at this rank.
  /// - Parameters:
  ///   - name: a LoRA without magnitudes.
  ///   - originals: the weights before rounding, under the layers' names; layers that it lacks stay as they are.
  ///   - keeps: asked after each layer, by its path; false puts its factors back. Looking at the model's output here
  ///     tells whether the layer gained.
  /// - Returns: the paths of the layers that were changed.
  /// - Throws: ``AdapterError`` when the adapter is no such LoRA or an original has another shape; nothing has changed
  ///   then.
  /// - Source: Li et al. 2023, "LoftQ"; as PEFT's `replace_lora_weights_loftq`.
  @discardableResult
  public func compensateRounding(
    of name: String = "default", originals: any TensorSource, keeps: (String) throws -> Bool = { _ in true }
  ) throws -> [String] {
    try checkKnown(name)
    guard let method = configurations[name]?.method as? LoRA, !method.usesDoRA,
      !method.initialization.changesBase
    else { throw AdapterError("adapter '\(name)' is no ordinary LoRA: make up for rounding with one") }
    try requirePositiveScale(method)
    var targets: [(layer: any AdaptableLayer, factors: LoRAFactors)] = []
    for layer in store.layers where layer.isLinear {
      guard let factors = (layer.slot[name]?.adapter as? LoRALinear)?.factors,
        let shape = originals.shape(of: "\(layer.name).weight")
      else { continue }
      guard shape == layer.untouchedWeight.shape else {
        throw AdapterError(
          "\(layer.name).weight is \(shape) in the originals and \(layer.untouchedWeight.shape) in the base: "
            + "give those of this base")
      }
      try LoRAInitialization("loftq").check(layer, rank: factors.a.tensor.shape[0])
      targets.append((layer, factors))
    }
    return try targets.filter { layer, factors in
      let scale = try method.scaling(for: layer.name)
      return try compensate(layer, factors, scale, originals) { try keeps(layer.name) }
    }.map(\.layer.name)
  }

  /// One layer; its factors are put back when `keeps` says so.
  private func compensate(
    _ layer: any AdaptableLayer, _ factors: LoRAFactors, _ scale: Double, _ originals: any TensorSource,
    keeps: () throws -> Bool
  ) throws -> Bool {
    let (a, b) = (factors.a.tensor, factors.b.tensor)
    let before = try (a: a.detached().clone(), b: b.detached().clone())
    func set(_ values: (a: Tensor, b: Tensor)) throws {
      try withoutGradients {
        try a.copy_(values.a)
        try b.copy_(values.b)
      }
    }
    let original = try originals.tensor(named: "\(layer.name).weight").to(
      dtype: .float32, device: layer.weight.device)
    let lost = try layer.matrix(original) - layer.untouchedMatrix()
    try set(withoutGradients { try LoftQ.leading(lost, a.shape[0], scale) })
    if try keeps() { return true }
    try set(before)
    return false
  }
}
