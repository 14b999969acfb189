import Foundation

/// A factor of its own for every angle, one set for short texts and one for long ones.
///
/// Source: Ding et al. 2024, "LongRoPE: Extending LLM Context Window Beyond 2 Million Tokens".
public struct LongScaling: Sendable {
  public var shortFactors, longFactors: [Double]
  /// Texts longer than this are long.
  public var originalLength: Int
  public var attentionFactor: Double

  /// The factor for cosines and sines when the context grows `factor` times.
  static func attentionFactor(_ factor: Double, originalLength: Int) -> Double {
    factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalLength))).squareRoot()
  }
}
