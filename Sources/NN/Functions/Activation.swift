import Configuration
import Torch

/// The activation functions that config.json names.
public enum Activation: String, CaseIterable, ConfigurationValue {
  case silu
  case swish
  case gelu
  case geluNew = "gelu_new"
  case geluTanh = "gelu_pytorch_tanh"
  case geluFast = "gelu_fast"
  case quickGelu = "quick_gelu"
  case relu
  case tanh
  case sigmoid

  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    switch self {
    case .silu, .swish: try x.silu()
    case .gelu: try x.gelu()
    case .geluNew, .geluTanh, .geluFast: try x.gelu(tanhApproximation: true)
    case .quickGelu: try x * (x * 1.702).sigmoid()
    case .relu: try x.relu()
    case .tanh: try x.tanh()
    case .sigmoid: try x.sigmoid()
    }
  }
}

/// activation(gate) * up.
public func gated(_ gate: Tensor, _ up: Tensor, by activation: Activation) throws -> Tensor {
  let isSilu = activation == .silu || activation == .swish
  guard isSilu, gate.isFusable, up.dtype == gate.dtype, up.shape == gate.shape else {
    return try activation(gate) * up
  }
  let y = try withoutGradients { try gate.fusedSiluProduct(up) }
  return try attachGradient(to: y, inputs: [gate, up], saving: [gate, up]) { gradient, saved in
    let (first, second) = try gradient.fusedSiluProductBackward(gate: saved[0], up: saved[1])
    return [first, second]
  }.recomputable(from: [gate, up]) { try $0[0].fusedSiluProduct($0[1]) }
}
