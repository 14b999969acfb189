import Torch

/// Which dimensions of a head turn together.
public enum RotaryPairs: Sendable {
  /// The first of one half with the first of the other, and so on (Hugging Face's usual `rotate_half`).
  case halves
  /// Neighbours, as in the paper (Cohere).
  case neighbours
}

/// Cosines and sines of rotary position embeddings for the positions of one batch.
///
/// Source: Su et al. 2021, "RoFormer".
public struct RotaryTables {
  /// [batch or 1, 1, tokens, d].
  public let cos, sin: Tensor
  public let pairs: RotaryPairs

  /// - Parameters:
  ///   - positions: int64 [batch or 1, tokens].
  ///   - inverseFrequencies: float32 [d / 2].
  ///   - scale: multiplies cosines and sines (attention scaling of YaRN and LongRoPE).
  public init(
    positions: Tensor, inverseFrequencies: Tensor, scale: Double = 1, pairs: RotaryPairs = .halves,
    dtype: DType
  ) throws {
    self.pairs = pairs
    let angles = try positions.to(dtype: .float32).unsqueezed(-1) * inverseFrequencies
    let full =
      switch pairs {
      case .halves: try Tensor.cat([angles, angles], dim: -1).unsqueezed(1)
      case .neighbours: try angles.repeatInterleaved(2, dim: -1).unsqueezed(1)
      }
    cos = try (full.cos() * scale).to(dtype: dtype)
    sin = try (full.sin() * scale).to(dtype: dtype)
  }

  /// Turns the first dimensions of each head of x [batch, heads, tokens, d'], d' >= d; the rest pass.
  public func rotate(_ x: Tensor) throws -> Tensor {
    let (size, turned) = (x.shape.last ?? 0, cos.shape.last ?? 0)
    guard size > turned else { return try x * cos + quarterTurn(x) * sin }
    let parts = try x.split([turned, size - turned], dim: -1)
    return try .cat([parts[0] * cos + quarterTurn(parts[0]) * sin, parts[1]], dim: -1)
  }

  /// (a, b) to (-b, a), by pairs.
  private func quarterTurn(_ x: Tensor) throws -> Tensor {
    switch pairs {
    case .halves:
      let halves = try x.chunked(2, dim: -1)
      return try .cat([-halves[1], halves[0]], dim: -1)
    case .neighbours:
      let parts = try x.reshaped(Array(x.shape.dropLast()) + [-1, 2]).unbound(dim: -1)
      return try Tensor.stack([-parts[1], parts[0]], dim: -1).flattened(from: -2)
    }
  }
}

extension RotaryTables {
  /// ``rotate(_:)`` of x [batch, tokens, heads, d], as [batch, heads, tokens, d], in one pass.
  public func rotateHeads(_ x: Tensor) throws -> Tensor {
    let turned = cos.shape.last ?? 0
    guard pairs == .halves, x.isFusable, cos.dtype == x.dtype, x.shape.last == turned, turned % 2 == 0 else {
      return try rotate(x.transposed(1, 2))
    }
    let (cos, sin) = (try self.cos.squeezed(1).contiguous(), try self.sin.squeezed(1).contiguous())
    let y = try withoutGradients { try x.fusedRotary(cos: cos, sin: sin) }
    return try attachGradient(to: y, inputs: [x]) { gradient, _ in
      [try gradient.fusedRotary(cos: cos, sin: sin, backward: true)]
    }
  }
}
