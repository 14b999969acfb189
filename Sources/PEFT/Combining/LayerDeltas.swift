import NN
import Torch

/// What an adapter of any mergeable method adds to the weights of its base, one layer at a time.
public struct LayerDeltas {
  public let shapes: [LayerShape]
  /// The update of a layer as a float32 matrix [outputs, inputs], kernels flattened.
  let matrix: (LayerShape) throws -> Tensor
  /// What is added to a layer's bias; nil for nothing.
  let bias: (LayerShape) throws -> Tensor?
}

extension AdaptedModel {
  /// What `name` adds to each layer's untouched weight. Nothing is computed until it is asked for.
  ///
  /// - Throws: ``AdapterError`` when there is no such adapter.
  public func deltas(of name: String = "default") throws -> LayerDeltas {
    try checkKnown(name)
    var layers: [LayerShape: any AdaptableLayer] = [:]
    var shapes: [LayerShape] = []
    for layer in store.layers {
      guard let adapter = layer.slot[name]?.adapter, !(adapter is ModulesToSave), !(adapter is TrainedBias)
      else { continue }
      guard let shape = try LayerShape(layer) else {
        throw AdapterError(
          "\(layer.name) is adapted, and has no weight matrix: no LoRA can stand for this adapter")
      }
      layers[shape] = layer
      shapes.append(shape)
    }
    func folding(_ shape: LayerShape) throws -> Folding {
      guard let layer = layers[shape] else {
        throw AdapterError("\(shape.layer) is not adapted by '\(name)'")
      }
      return try layer.folding(of: [name])
    }
    return LayerDeltas(
      shapes: shapes,
      matrix: { shape in
        let folding = try folding(shape)
        return try folding.layer.matrix(folding.weight) - folding.layer.matrix(folding.untouched)
      },
      bias: { shape in
        let folding = try folding(shape)
        guard let bias = folding.bias else { return nil }
        let own = try folding.layer.untouchedBias?.tensor.to(dtype: .float32)
        let change = try own.map { try bias - $0 } ?? bias
        let largest: Double = try change.abs().max().item()
        return largest > 0 ? change : nil
      })
  }
}
