import Torch

/// The whole numbers that groups of values are rounded to: a scale, of float16 as files keep it, and a zero.
struct GroupGrid {
  /// float32, of the groups' shape with one element for each.
  let scale, zero: Tensor
  private let top: Double

  /// - Parameters:
  ///   - values: float32 [..., group]; zero is among what can be said.
  ///   - lowestZero: what files can say; 1 where they store zeros less one.
  /// - Throws: ``QuantizationError`` when a scale is beyond float16.
  init(_ values: Tensor, name: String, bits: Int, isSymmetric: Bool, lowestZero: Int) throws {
    top = Double((1 << bits) - 1)
    let low = try values.amin([-1], keepDim: true).clamped(max: 0)
    let span =
      try isSymmetric
      ? values.abs().amax([-1], keepDim: true) * 2
      : values.amax([-1], keepDim: true).clamped(min: 0) - low
    let half = try (span / top).to(dtype: .float16).to(dtype: .float32)
    guard try half.isFinite().all().item(of: Bool.self) else {
      throw QuantizationError("\(name) has values beyond float16, in which scales are kept: leave it dense")
    }
    scale = try half.maskedFill(half.equal(0), 1)
    zero =
      try isSymmetric
      ? scale.fullLike((top + 1) / 2)
      : (low / scale * -1).round().clamped(min: Double(lowestZero), max: top)
  }

  /// The nearest, uint8.
  func codes(_ values: Tensor) throws -> Tensor { try places(values).to(dtype: .uint8) }

  /// What is left of values after rounding, float32.
  func rounded(_ values: Tensor) throws -> Tensor { try (places(values) - zero) * scale }

  private func places(_ values: Tensor) throws -> Tensor {
    try ((values / scale).round() + zero).clamped(min: 0, max: top)
  }
}
