import Torch

/// Angles that make few rotations within the original context are slowed down, others kept, a ramp between.
///
/// Source: Llama 3.1's reference code (`apply_scaling`).
public struct Llama3Scaling: Sendable {
  public var factor: Double
  /// Rotations below which an angle is slowed down, and above which it is kept.
  public var lowFrequency, highFrequency: Double
  public var originalLength: Int

  func inverseFrequencies(_ frequencies: Tensor) throws -> Tensor {
    let length = Double(originalLength)
    let wavelengths = try frequencies.reciprocal() * (2 * .pi)
    let isSlow = try wavelengths.greater(length / lowFrequency)
    let isFast = try wavelengths.less(length / highFrequency)
    let share = try (wavelengths.reciprocal() * length - lowFrequency) / (highFrequency - lowFrequency)
    let ramp = try (-share + 1) * frequencies / factor + share * frequencies
    let edges = try (frequencies / factor).selected(where: isSlow, otherwise: frequencies)
    return try edges.selected(where: isSlow.logicalOr(isFast), otherwise: ramp)
  }
}
