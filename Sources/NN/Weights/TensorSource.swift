import Torch

/// Where a model's weights come from.
public protocol TensorSource {
  var names: [String] { get }
  /// The shape under `name`, without reading the tensor; nil when there is none.
  func shape(of name: String) -> [Int]?
  func tensor(named name: String) throws -> Tensor
}

/// Weights that are in memory already.
public struct TensorDictionary: TensorSource {
  private let tensors: [String: Tensor]

  public init(_ tensors: [String: Tensor]) { self.tensors = tensors }

  public var names: [String] { tensors.keys.sorted() }
  public func shape(of name: String) -> [Int]? { tensors[name]?.shape }
  public func tensor(named name: String) throws -> Tensor {
    guard let tensor = tensors[name] else { throw TorchError(.invalid, "there is no tensor named \(name)") }
    return tensor
  }
}
