import NN
import Torch

/// Any layer that is linear in its input as one matrix [outputs, inputs], and back.
extension AdaptableLayer {
  /// `weight` of this layer as a matrix. The rows of a grouped convolution reach over all inputs, with zeros.
  func matrix(_ weight: Tensor) throws -> Tensor {
    switch kind {
    case .transposedLinear, .embedding: return try weight.t()
    case .convolution: return try ungrouped(weight).flattened(from: 1)
    case .linear, .norm, .parameter: return weight
    }
  }

  /// The B of a low-rank update as a matrix [outputs, rank].
  func outputMatrix(_ b: Tensor) throws -> Tensor {
    guard b.rank > 2 else { return b }
    return try blockDiagonal(b.flattened(from: 1), groups: groups)
  }

  /// The A of a low-rank update as a matrix [rank, inputs].
  func inputMatrix(_ a: Tensor) throws -> Tensor { a.rank > 2 ? try a.flattened(from: 1) : a }

  /// A matrix in the layout of this layer's weight; that of a grouped convolution has one group.
  func weight(fromMatrix matrix: Tensor) throws -> Tensor {
    switch kind {
    case .transposedLinear, .embedding: return try matrix.t()
    case .convolution(_, let inputs, let outputs): return try matrix.reshaped([outputs, inputs] + kernel)
    case .linear, .norm, .parameter: return matrix
    }
  }

  /// A convolution's weight with one group, zero where the groups do not reach.
  ///
  /// What an adapter adds to a grouped convolution mixes all inputs; only this form can hold the sum.
  func ungrouped(_ weight: Tensor) throws -> Tensor {
    guard case .convolution(_, let inputs, _) = kind, weight.shape[1] < inputs else { return weight }
    return try blockDiagonal(weight, groups: inputs / weight.shape[1])
  }

  /// Values of the outputs, shaped to multiply the rows of this layer's weight.
  func alongRows(_ values: Tensor) throws -> Tensor {
    switch kind {
    case .transposedLinear, .embedding, .norm, .parameter: return values
    case .linear: return try values.unsqueezed(1)
    case .convolution: return try values.reshaped([-1, 1] + kernel.map { _ in 1 })
    }
  }

  /// Values of the outputs, shaped to join this layer's output.
  func alongOutputs(_ values: Tensor) throws -> Tensor {
    kernel.isEmpty ? values : try values.reshaped([-1] + kernel.map { _ in 1 })
  }
}

/// Rows [n, m, ...] in `groups` blocks to [n, m * groups, ...], each block in columns of its own.
private func blockDiagonal(_ rows: Tensor, groups: Int) throws -> Tensor {
  guard groups > 1 else { return rows }
  let width = rows.shape[1]
  let blocks = try rows.chunked(groups).enumerated().map { index, block in
    let after = (groups - 1 - index) * width
    let trailing = Array(repeating: 0, count: 2 * (block.rank - 2))
    return try block.padded(trailing + [index * width, after])
  }
  return try .cat(blocks)
}
