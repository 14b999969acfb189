import NN
import Torch

/// (IA)^3 on a linear layer or a convolution: l * f(x), or f(l * x).
///
/// l is [out, 1] or, for inputs, [1, in]; for convolutions [1, channels, 1, ...].
final class IA3Layer: LayerAdapter {
  let parameters: [AdapterParameter]
  private let vector: AdapterParameter
  private let scalesInput: Bool

  init(_ layer: any AdaptableLayer, scalesInput: Bool, startsAtOne: Bool, _ context: InjectionContext) throws
  {
    let shape: [Int]
    switch layer.kind {
    case .linear(let inputs, let outputs), .transposedLinear(let inputs, let outputs):
      shape = scalesInput ? [1, inputs] : [outputs, 1]
    case .convolution(let dimensions, let inputs, let outputs):
      shape = [1, scalesInput ? inputs : outputs] + Array(repeating: 1, count: dimensions)
    case .embedding, .norm, .parameter:
      throw AdapterError("'\(layer.name)' is no linear layer or convolution: leave it out of target_modules")
    }
    let initial: Initializer = startsAtOne ? .ones : .normal(std: 1)
    let values = try initial.tensor(shape, generator: context.generator).to(device: layer.weight.device)
    vector = AdapterParameter("ia3_l", values)
    parameters = [vector]
    self.scalesInput = scalesInput
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    try scalesInput ? base.output(scaled(x, base.layer)) : scaled(base.output(x), base.layer)
  }

  /// The product in float32, in the type of `x`.
  private func scaled(_ x: Tensor, _ layer: any AdaptableLayer) throws -> Tensor {
    let factors = if case .convolution = layer.kind { vector.tensor } else { try vector.tensor.flattened() }
    return try (x * factors).to(dtype: x.dtype)
  }

  func fold(into folding: inout Folding) throws {
    folding.weight = try folding.weight * factors(of: folding)
    if !scalesInput { folding.bias = try folding.bias.map { try $0 * vector.tensor.flattened() } }
  }

  /// The vector so that it meets its side of the weight.
  private func factors(of folding: Folding) throws -> Tensor {
    switch folding.layer.kind {
    case .convolution(_, let inputs, _) where scalesInput:
      // In groups, each output sees its own part of the inputs.
      let shape = folding.weight.shape
      let groups = inputs / shape[1]
      guard groups > 1 else { return vector.tensor }
      return try vector.tensor.reshaped([groups, shape[1]]).repeatInterleaved(shape[0] / groups, dim: 0)
        .reshaped([shape[0], shape[1]] + Array(repeating: 1, count: shape.count - 2))
    case .convolution: return try vector.tensor.transposed(0, 1)
    case .transposedLinear: return try vector.tensor.t()
    default: return vector.tensor
    }
  }
}
