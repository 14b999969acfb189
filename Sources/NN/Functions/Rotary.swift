import Torch

/// Cosines and sines of rotary position embeddings for the positions of one batch.
///
/// Source: Su et al. 2021, "RoFormer", in the half-split layout of Hugging Face's `rotate_half`.
public struct RotaryTables {
  /// [batch or 1, 1, tokens, d].
  public let cos, sin: Tensor

  /// - Parameters:
  ///   - positions: int64 [batch or 1, tokens].
  ///   - inverseFrequencies: float32 [d / 2].
  ///   - scale: multiplies cosines and sines (attention scaling of YaRN and LongRoPE).
  public init(positions: Tensor, inverseFrequencies: Tensor, scale: Double = 1, dtype: DType) throws {
    let angles = try positions.to(dtype: .float32).unsqueezed(-1) * inverseFrequencies
    let full = try Tensor.cat([angles, angles], dim: -1).unsqueezed(1)
    cos = try (full.cos() * scale).to(dtype: dtype)
    sin = try (full.sin() * scale).to(dtype: dtype)
  }

  /// Turns the first dimensions of each head of x [batch, heads, tokens, d'], d' >= d; the rest pass.
  public func rotate(_ x: Tensor) throws -> Tensor {
    let (size, turned) = (x.shape.last ?? 0, cos.shape.last ?? 0)
    guard size > turned else { return try x * cos + rotateHalf(x) * sin }
    let parts = try x.split([turned, size - turned], dim: -1)
    return try .cat([parts[0] * cos + rotateHalf(parts[0]) * sin, parts[1]], dim: -1)
  }
}

extension RotaryTables {
  /// ``rotate(_:)`` of x [batch, tokens, heads, d], as [batch, heads, tokens, d], in one pass.
  public func rotateHeads(_ x: Tensor) throws -> Tensor {
    let turned = cos.shape.last ?? 0
    guard x.isFusable, cos.dtype == x.dtype, x.shape.last == turned, turned % 2 == 0 else {
      return try rotate(x.transposed(1, 2))
    }
    let (cos, sin) = (try self.cos.squeezed(1).contiguous(), try self.sin.squeezed(1).contiguous())
    let y = try withoutGradients { try x.fusedRotary(cos: cos, sin: sin) }
    return try attachGradient(to: y, inputs: [x]) { gradient, _ in
      [try gradient.fusedRotary(cos: cos, sin: sin, backward: true)]
    }
  }
}

/// (a, b) to (-b, a), by halves of the last dimension.
private func rotateHalf(_ x: Tensor) throws -> Tensor {
  let halves = try x.chunked(2, dim: -1)
  return try .cat([-halves[1], halves[0]], dim: -1)
}
