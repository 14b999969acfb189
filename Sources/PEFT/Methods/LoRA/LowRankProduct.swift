import NN
import Torch

/// x W^T + bias + s dropout(x) A^T B^T, as one step of the graph.
///
/// Saves x and the [n, r] product alone. The backward pass reads W in place and builds nothing of its size.
///
/// - Parameters:
///   - x: [..., in], in the base's type.
///   - a, b: [r, in] and [out, r]; cast to x's type for the products, their gradients come in their own.
///   - dropout: the probability of zeroing an element of the adapter's input; 0 outside training.
func lowRankProduct(
  _ x: Tensor, weight: any WeightStorage, bias: Tensor?, a: Tensor, b: Tensor, scale: Double, dropout: Double
) throws -> Tensor {
  let shape = x.shape
  let output = try withoutGradients { () throws -> (y: Tensor, h: Tensor, mask: Tensor?, input: Tensor) in
    let rows = try x.reshaped([-1, shape.last ?? 0])
    let mask = try dropout > 0 ? dropoutMask(rows, rate: dropout) : nil
    let input = try mask.map { try rows * $0 } ?? rows
    let h = try input.mm(a.to(dtype: x.dtype).t())
    let y = try weight.product(rows, bias: bias)
    try y.addmm_(h, b.to(dtype: x.dtype).t(), alpha: scale)
    return (y, h, mask, input)
  }
  let result = try output.y.view(Array(shape.dropLast()) + [output.y.shape[1]])
  let saved = [output.input, output.h, a, b] + (output.mask.map { [$0] } ?? [])
  let (needsInput, needsA, needsB) = (x.requiresGrad, a.requiresGrad, b.requiresGrad)
  return try attachGradient(to: result, inputs: [x, a, b], saving: saved) { gradient, saved in
    let (input, h, a, b) = (saved[0], saved[1], saved[2], saved[3])
    let g = try gradient.reshaped([-1, gradient.shape.last ?? 0])
    let low = try g.mm(b.to(dtype: g.dtype)).mul_(scale)
    let gradientB = try needsB ? g.t().mm(h).mul_(scale).to(dtype: b.dtype) : nil
    let gradientA = try needsA ? low.t().mm(input).to(dtype: a.dtype) : nil
    guard needsInput else { return [nil, gradientA, gradientB] }
    let gradientX = try weight.transposedProduct(g)
    if saved.count > 4 {
      try gradientX.add_(low.mm(a.to(dtype: g.dtype)).mul_(saved[4]))
    } else {
      try gradientX.addmm_(low, a.to(dtype: g.dtype))
    }
    return [try gradientX.view(shape), gradientA, gradientB]
  }
}

/// 0 with probability `rate`, else 1 / (1 - rate), in the shape and type of `x`.
func dropoutMask(_ x: Tensor, rate: Double) throws -> Tensor {
  try x.emptyLike().bernoulli_(1 - rate).mul_(1 / (1 - rate))
}
