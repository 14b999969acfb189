import Torch

/// Principal components of rows that come batch by batch, without keeping the rows.
///
/// Source: Ross et al. 2008, "Incremental Learning for Robust Visual Tracking", section 3.1, as scikit-learn and PEFT
/// have it, with a randomised decomposition.
struct IncrementalPCA {
  /// How many components are kept.
  let count: Int
  /// [count, features], by falling singular value; nil before the first batch.
  private(set) var components: Tensor?
  private(set) var singularValues: Tensor?
  /// The share of all variance that each component explains, float64 [count].
  private(set) var explainedRatio: [Double] = []
  private var mean: Tensor?
  /// The sum of squared distances from the mean, by feature, float64.
  private var scatter: Tensor?
  private var seen = 0

  init(count: Int) { self.count = count }

  /// Takes rows [n, features] in; n must be at least ``count``.
  mutating func add(_ rows: Tensor) throws {
    let rows = try rows.to(dtype: .float32)
    let (new, total) = (rows.shape[0], seen + rows.shape[0])
    let sum = try rows.sum([0], dtype: .float64)
    let batchMean = try sum / Double(new)
    let centered = try rows - batchMean.to(dtype: .float32)
    var newScatter = try centered.square().sum([0], dtype: .float64)
    var stacked = centered
    var newMean = batchMean
    if let mean, let scatter, let components, let singularValues {
      let shift = try mean - batchMean
      let weight = Double(seen) * Double(new) / Double(total)
      newScatter = try (scatter + newScatter).adding(shift.square(), scale: weight)
      newMean = try (mean * (Double(seen) / Double(total))) + (batchMean * (Double(new) / Double(total)))
      let correction = try (shift * weight.squareRoot()).to(dtype: .float32).unsqueezed(0)
      stacked = try .cat([components * singularValues.unsqueezed(1), centered, correction])
    }
    // The same draws every time, so that components can be compared from batch to batch.
    let generator = try Generator(seed: 42, device: rows.device)
    let (_, s, v) = try stacked.svdLowRank(2 * count, iterations: 4, generator: generator)
    let directions = try Self.oriented(v.t())
    let variance: Double = try newScatter.sum().item()
    let kept = min(count, s.shape[0])
    components = try directions.slice(0, 0..<kept).contiguous()
    singularValues = try s.slice(0, 0..<kept).contiguous()
    explainedRatio = try s.slice(0, 0..<kept).to(dtype: .float64).array(of: Double.self).map {
      variance > 0 ? $0 * $0 / variance : 0
    }
    (mean, scatter, seen) = (newMean, newScatter, total)
  }

  /// Rows with the sign that makes their largest element positive.
  private static func oriented(_ rows: Tensor) throws -> Tensor {
    let places = try rows.abs().argmax(1, keepDim: true)
    return try rows * rows.gather(1, places).sign()
  }
}
