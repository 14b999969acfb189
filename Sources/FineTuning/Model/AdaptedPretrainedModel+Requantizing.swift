import Models
import NN
import PEFT
import Torch

extension AdaptedPretrainedModel {
  /// Folds the active adapters into the weights for good; quantized ones are made dense, added to and rounded again in
  /// the same way, one at a time.
  ///
  /// - Returns: the norm of what rounding changed over the norm of the sums, over all weights that were rounded.
  /// - Throws: `AdapterError` for adapters that cannot be merged.
  public func mergeQuantized() throws -> Double {
    let active = adapters.active
    var (error, total) = (0.0, 0.0)
    for layer in model.store.layers where layer.adapters.contains(where: { active.contains($0.name) }) {
      guard let stored = layer.untouchedWeight as? any QuantizedWeight else {
        try layer.merge(active)
        continue
      }
      let folding = try layer.folding(of: active)
      let rounded = try stored.requantized(folding.weight)
      layer.commitMerge()
      layer.weight = rounded
      layer.bias = try folding.bias.map {
        Parameter(name: "\(layer.name).bias", tensor: try $0.to(dtype: rounded.dtype))
      }
      let difference: Double = try (rounded.dense(.float32) - folding.weight).norm().item()
      let norm: Double = try folding.weight.norm().item()
      error += difference * difference
      total += norm * norm
    }
    return (error / max(total, 1e-30)).squareRoot()
  }
}
