import Torch

/// A named tensor of a model, shared by every layer that uses it (tied weights share one parameter).
public final class Parameter: @unchecked Sendable {
  /// The full Hugging Face name, such as `model.layers.0.self_attn.q_proj.weight`.
  public let name: String
  public var tensor: Tensor
  /// Whether training leaves it as it is (a buffer in PyTorch's words).
  public let isConstant: Bool

  public init(name: String, tensor: Tensor, isConstant: Bool = false) {
    self.name = name
    self.tensor = tensor
    self.isConstant = isConstant
  }
}

/// How a layer keeps its weight: dense, or quantized in one of several ways.
///
/// Adapter methods ask for products where they can, and for the dense weight where they must.
public protocol WeightStorage: AnyObject {
  /// The shape of the dense weight; [out, in] for linear layers.
  var shape: [Int] { get }
  var dtype: DType { get }
  var device: Device { get }
  /// The dense weight in `dtype`; for dense storage of that type, the weight itself.
  func dense(_ dtype: DType) throws -> Tensor
  /// These rows of the dense weight (along its first dimension), in `dtype`; no more than they is made dense.
  func rows(_ range: Range<Int>, _ dtype: DType) throws -> Tensor
  /// Whether training changes it; products are then taken in the graph.
  var isTrained: Bool { get }
  /// `x @ W^T + bias`, x [..., in].
  func product(_ x: Tensor, bias: Tensor?) throws -> Tensor
  /// `g @ W`, g [..., out]: the gradient with respect to the input of ``product(_:bias:)``.
  func transposedProduct(_ g: Tensor) throws -> Tensor
}

extension WeightStorage {
  public var isTrained: Bool { false }

  /// ``transposedProduct(_:)`` added to `sum`, which may be overwritten; g [n, out].
  func addTransposedProduct(_ g: Tensor, to sum: Tensor?) throws -> Tensor {
    let product = try transposedProduct(g)
    return try sum?.add_(product) ?? product
  }
}

extension Parameter: WeightStorage {
  public var shape: [Int] { tensor.shape }
  public var dtype: DType { tensor.dtype }
  public var device: Device { tensor.device }
  public func dense(_ dtype: DType) throws -> Tensor { try tensor.to(dtype: dtype) }
  public func rows(_ range: Range<Int>, _ dtype: DType) throws -> Tensor {
    try tensor.slice(0, range).to(dtype: dtype)
  }
  public var isTrained: Bool { tensor.requiresGrad }
  public func product(_ x: Tensor, bias: Tensor?) throws -> Tensor {
    try x.fastLinear(tensor, bias: bias) ?? x.linear(tensor, bias: bias)
  }
  public func transposedProduct(_ g: Tensor) throws -> Tensor {
    try g.fastLinear(tensor.t(), bias: nil) ?? g.matmul(tensor)
  }
}
