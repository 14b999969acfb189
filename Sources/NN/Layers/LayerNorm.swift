import Torch

/// (x - mean) / sqrt(variance + eps) * weight + bias, over the last dimension.
///
/// Source: Ba, Kiros and Hinton 2016, "Layer Normalization".
public final class LayerNorm: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?
  public let eps: Double
  private let size: Int

  public init(_ path: Path, size: Int, eps: Double, bias: Bool = true) throws {
    (name, kind, self.eps, self.size) = (path.name, .norm(size: size), eps, size)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter("weight", [size], initial: .ones)
    self.bias = try bias ? path.parameter("bias", [size], initial: .zeros) : nil
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    try x.layerNorm([size], weight: weight.dense(weight.dtype), bias: bias, eps: eps)
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
