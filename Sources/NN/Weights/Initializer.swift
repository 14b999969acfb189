import Torch

/// How a parameter starts when no checkpoint has it.
public enum Initializer: Sendable {
  case zeros
  case ones
  case constant(Double)
  case normal(std: Double)
  case uniform(Double)
  /// Uniform within `sqrt(6 / ((1 + a^2) fanIn))`; a = sqrt(5) is what `torch.nn.Linear` uses.
  ///
  /// Source: He et al. 2015, "Delving Deep into Rectifiers", equation 14.
  case kaimingUniform(a: Double)

  /// A float32 tensor on the CPU, so that a seed gives the same values for every type and device.
  public func tensor(_ shape: [Int], generator: Generator?) throws -> Tensor {
    switch self {
    case .zeros: return try .zeros(shape)
    case .ones: return try .ones(shape)
    case .constant(let value): return try .full(shape, value)
    case .normal(let std): return try Tensor.empty(shape).normal_(std: std, generator: generator)
    case .uniform(let bound): return try Tensor.empty(shape).uniform_(-bound, bound, generator: generator)
    case .kaimingUniform(let a):
      let fanIn = shape.dropFirst().reduce(1, *)
      guard fanIn > 0 else { return try .zeros(shape) }
      let bound = (6 / ((1 + a * a) * Double(fanIn))).squareRoot()
      return try Tensor.empty(shape).uniform_(-bound, bound, generator: generator)
    }
  }
}
