import Torch

/// Linear layers that read the same input (query, key and value; gate and up), so that they can share work.
public struct LinearGroup {
  public let layers: [Linear]

  public init(_ layers: [Linear]) { self.layers = layers }

  /// The output of each layer, in order.
  public func callAsFunction(_ x: Tensor) throws -> [Tensor] { try layers.map { try $0(x) } }
}
