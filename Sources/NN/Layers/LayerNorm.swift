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

  /// - Parameter heads: for a weight of its own for each head [heads, size] of the input [..., heads, size], without a
  ///   bias; nil for one weight.
  public init(_ path: Path, size: Int, eps: Double, bias: Bool = true, heads: Int? = nil) throws {
    (name, kind, self.eps, self.size) = (path.name, .norm(size: (heads ?? 1) * size), eps, size)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter("weight", (heads.map { [$0] } ?? []) + [size], initial: .ones)
    self.bias = try bias && heads == nil ? path.parameter("bias", [size], initial: .zeros) : nil
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    let scale = try weight.dense(weight.dtype)
    guard scale.rank == 1 else {
      return try x.layerNorm([size], weight: nil, bias: nil, eps: eps) * scale
    }
    return try x.layerNorm([size], weight: scale, bias: bias, eps: eps)
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
