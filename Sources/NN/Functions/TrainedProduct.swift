import Torch

/// x W^T + b with the gradients of all three, by the kernels that are fastest here.
///
/// - Parameters:
///   - x: [..., in].
///   - weight: [out, in].
///   - bias: [out].
/// - Returns: [..., out].
func trainedProduct(_ x: Tensor, _ weight: Tensor, bias: Tensor?) throws -> Tensor {
  guard x.isFusable, x.dtype == weight.dtype else { return try x.linear(weight, bias: bias) }
  let y = try withoutGradients { try x.fastLinear(weight, bias: bias) ?? x.linear(weight, bias: bias) }
  let (needsInput, needsWeight) = (x.requiresGrad, weight.requiresGrad)
  let inputs = [x, weight] + (bias.map { [$0] } ?? [])
  return try attachGradient(to: y, inputs: inputs, saving: [x, weight]) { gradient, saved in
    let g = try gradient.reshaped([-1, gradient.shape.last ?? 0]).contiguous()
    let rows = try saved[0].reshaped([-1, saved[0].shape.last ?? 0])
    var gradients: [Tensor?] = [
      try needsInput ? g.fastMatmul(saved[1]).view(saved[0].shape) : nil,
      try needsWeight ? g.t().fastMatmul(rows) : nil,
    ]
    if inputs.count > 2 { gradients.append(try g.sum([0])) }
    return gradients
  }
}
