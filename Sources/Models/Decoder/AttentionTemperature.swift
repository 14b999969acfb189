import Torch

/// What makes attention of far tokens sharper, which grows with the logarithm of their place.
///
/// Source: Nakanishi 2025, "Scalable-Softmax Is Superior for Attention"; `modeling_llama4.py` of transformers.
public struct AttentionTemperature: Sendable {
  /// Tokens that have the same factor.
  public var step: Double
  public var strength: Double

  /// What queries are multiplied with, float32 of the shape of `positions`, which count from where a text begins.
  func factors(_ positions: Tensor) throws -> Tensor {
    let places = try (positions.to(dtype: .float32) + 1) / step
    return try (places.floor() + 1).log() * strength + 1
  }
}
