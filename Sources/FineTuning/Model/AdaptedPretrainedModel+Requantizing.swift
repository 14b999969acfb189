import Models
import NN
import PEFT
import Torch

/// What merging into a quantized base cost.
public struct RequantizingReport: Sendable {
  public struct Layer: Sendable {
    public let name: String
    /// Norms over that of the sum: of what the adapters change, and of what rounding changes after that.
    public let change, rounding: Double
    /// Whether the weight is after all what it was.
    public let isUnchanged: Bool

    /// Whether rounding is larger than what the adapters change.
    public var isRoundedAway: Bool { change > 0 && (isUnchanged || rounding > change) }
  }

  /// In the order of the model; those that were rounded again.
  public internal(set) var layers: [Layer] = []
  /// The norm of what rounding changed over that of the sums, over all weights.
  public internal(set) var rounding = 0.0
  /// How far outputs for tokens drawn with a fixed seed are from those with the adapters on top, relatively.
  public internal(set) var logitsError = 0.0

  public var roundedAway: [Layer] { layers.filter(\.isRoundedAway) }
}

extension AdaptedPretrainedModel {
  /// Folds the active adapters into the weights for good; quantized ones are made dense, added to and rounded again in
  /// the same way, one at a time.
  ///
  /// - Throws: `AdapterError` for adapters that cannot be merged.
  public func mergeQuantized() throws -> RequantizingReport {
    var report = RequantizingReport()
    let wanted = try probe()
    var (error, total) = (0.0, 0.0)
    try mergeActive { layer, stored, active in
      let folding = try layer.folding(of: active)
      let rounded = try stored.requantized(folding.weight)
      let now = try rounded.dense(.float32)
      let sum: Double = try folding.weight.norm().item()
      let difference: Double = try (now - folding.weight).norm().item()
      let change: Double = try (folding.weight - folding.untouched).norm().item()
      report.layers.append(
        RequantizingReport.Layer(
          name: layer.name, change: change / max(sum, 1e-30), rounding: difference / max(sum, 1e-30),
          isUnchanged: try now.isIdentical(to: folding.untouched)))
      error += difference * difference
      total += sum * sum
      return (rounded, folding.bias)
    }
    report.rounding = (error / max(total, 1e-30)).squareRoot()
    report.logitsError = try probe().relativeError(to: wanted)
    return report
  }

  /// Folds active QA-LoRA adapters into the zeros of quantized weights for good; nothing is rounded.
  ///
  /// - Throws: `AdapterError` or `QuantizationError` where that is not exact, naming the layer; nothing is merged then.
  public func mergeIntoZeros() throws {
    let active = adapters.active
    for layer in model.store.layers where layer.adapters.contains(where: { active.contains($0.name) }) {
      _ = try layer.absorbing(active)
    }
    try mergeActive { layer, _, active in (try layer.absorbing(active), layer.untouchedBias?.tensor) }
  }

  /// Replaces the weight of every layer that has an active adapter, and forgets the adapters.
  private func mergeActive(
    _ merged: (any AdaptableLayer, any QuantizedWeight, [String]) throws -> (
      any QuantizedWeight, bias: Tensor?
    )
  ) throws {
    let active = adapters.active
    for layer in model.store.layers where layer.adapters.contains(where: { active.contains($0.name) }) {
      guard let stored = layer.untouchedWeight as? any QuantizedWeight else {
        try layer.merge(active)
        continue
      }
      let (weight, bias) = try merged(layer, stored, active)
      layer.commitMerge()
      layer.weight = weight
      layer.bias = try bias.map {
        Parameter(name: layer.biasName, tensor: try $0.to(dtype: layer.bias?.tensor.dtype ?? weight.dtype))
      }
    }
  }

  /// Outputs for a few tokens, float32.
  private func probe() throws -> Tensor {
    return try withoutGradients { try model.logits(model.probe()).to(dtype: .float32) }
  }
}
