import Foundation
import Torch

/// Slow angles interpolated, fast ones kept, a ramp between.
///
/// Source: Peng et al. 2023, "YaRN: Efficient Context Window Extension of Large Language Models".
public struct YarnScaling: Sendable {
  public var factor: Double
  /// The context of the first training.
  public var originalLength: Int
  /// Rotations within the original context above which an angle is kept, and below which it is interpolated.
  public var fast = 32.0
  public var slow = 1.0
  /// Whether the ramp begins and ends at whole dimensions.
  public var truncates = true
  public var attentionFactor: Double

  /// The factor for cosines and sines that the paper suggests (equation 22), or the quotient of two of them.
  static func attentionFactor(_ factor: Double, scale: Double?, allDimensionsScale: Double?) -> Double {
    func magnitude(_ scale: Double) -> Double { factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1 }
    guard let scale, let allDimensionsScale, scale != 0, allDimensionsScale != 0 else { return magnitude(1) }
    return magnitude(scale) / magnitude(allDimensionsScale)
  }

  func inverseFrequencies(_ wavelengths: Tensor, theta: Double, dimensions: Int) throws -> Tensor {
    let kept = try wavelengths.reciprocal()
    let interpolated = try (wavelengths * factor).reciprocal()
    /// The dimension whose angle makes so many rotations within the original context.
    func dimension(rotations: Double) -> Double {
      Double(dimensions) * log(Double(originalLength) / (rotations * 2 * .pi)) / (2 * log(theta))
    }
    var (low, high) = (dimension(rotations: fast), dimension(rotations: slow))
    if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    (low, high) = (max(low, 0), min(high, Double(dimensions - 1)))
    if low == high { high += 0.001 }
    let steps = try Tensor.arange(0, dimensions / 2).to(dtype: .float32)
    let share = try -(((steps - low) / (high - low)).clamped(min: 0, max: 1)) + 1
    return try interpolated * (-share + 1) + kept * share
  }
}
