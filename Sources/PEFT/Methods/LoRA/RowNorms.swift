import NN
import Torch

/// Norms of the rows of W + s B A, without ever building B A.
///
/// ||W_i + s (BA)_i||^2 = ||W_i||^2 + 2 s <(W A^T)_i, B_i> + s^2 B_i (A A^T) B_i^T, in float32, where ||W_i||^2 is
/// computed once. The product with W is taken in W's own type.
final class RowNorms {
  private var known: Tensor
  private var weight: any WeightStorage

  init(_ layer: any AdaptableLayer) throws {
    weight = layer.untouchedWeight
    known = try Self.squares(of: layer)
  }

  /// [out], float32, outside the graph; a [r, in], b [out, r], or the convolutions that they are made of.
  ///
  /// - Parameter crossed: W A^T [out, r], where it is known already.
  func adapted(
    _ layer: any AdaptableLayer, a: Tensor, b: Tensor, scale: Double, crossed: Tensor? = nil
  ) throws -> Tensor {
    try withoutGradients {
      let (a, b) = (try layer.inputMatrix(a), try layer.outputMatrix(b))
      let squares = try squares(of: layer)
      let cross = try (crossed ?? Self.product(of: layer, a)) * b
      let own = try b.mm(a.mm(a.t())) * b
      let sum = try squares.adding(cross.sum([1]), scale: 2 * scale).adding(
        own.sum([1]), scale: scale * scale)
      return try sum.clamped(min: 0).sqrt()
    }
  }

  /// ||W|| by rows: [out], float32.
  func bare(_ layer: any AdaptableLayer) throws -> Tensor {
    try withoutGradients { try squares(of: layer).sqrt() }
  }

  /// ||W_i||^2 of the weight that the layer has now.
  private func squares(of layer: any AdaptableLayer) throws -> Tensor {
    if weight !== layer.untouchedWeight {
      weight = layer.untouchedWeight
      known = try Self.squares(of: layer)
    }
    return known
  }

  /// W A^T: [out, r], float32.
  static func product(of layer: any AdaptableLayer, _ a: Tensor) throws -> Tensor {
    try withoutGradients {
      let weight = layer.untouchedWeight
      let a = try layer.inputMatrix(a).to(dtype: weight.dtype)
      if case .linear = layer.kind { return try weight.product(a, bias: nil).t().to(dtype: .float32) }
      return try layer.matrix(weight.dense(weight.dtype)).mm(a.t()).to(dtype: .float32)
    }
  }

  /// ||W_i||^2, a block of rows at a time so that no float32 copy of the weight exists.
  private static func squares(of layer: any AdaptableLayer) throws -> Tensor {
    try withoutGradients {
      let weight = layer.untouchedWeight
      if case .linear(_, let outputs) = layer.kind {
        return try squares(outputs) { try weight.rows($0, .float32) }
      }
      let dense = try weight.dense(weight.dtype)
      // Zeros between groups add nothing.
      let rows = dense.rank > 2 ? try dense.flattened(from: 1) : try layer.matrix(dense)
      return try squares(rows.shape[0]) { try rows.slice(0, $0).to(dtype: .float32) }
    }
  }

  private static func squares(_ count: Int, _ block: (Range<Int>) throws -> Tensor) throws -> Tensor {
    let blocks = try stride(from: 0, to: count, by: 1024).map { start in
      try block(start..<min(start + 1024, count)).square().sum([1])
    }
    return try .cat(blocks)
  }
}
