import Torch

/// x / sqrt(mean(x^2) + eps) * weight, over the last dimension, computed in float32.
///
/// Source: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".
public final class RMSNorm: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?
  public let eps: Double

  public init(_ path: Path, size: Int, eps: Double) throws {
    (name, kind, self.eps) = (path.name, .norm(size: size), eps)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter("weight", [size], initial: .ones)
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    try rmsNorm(x, weight: weight.dense(weight.dtype), eps: eps)
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
