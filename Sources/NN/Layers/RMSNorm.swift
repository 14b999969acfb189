import Torch

/// x / sqrt(mean(x^2) + eps) * weight, over the last dimension, computed in float32; weight + 1 where models keep it so.
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
  public let scaling: RMSNormScaling

  public init(_ path: Path, size: Int, eps: Double, scaling: RMSNormScaling = .narrow) throws {
    self.scaling = scaling
    (name, kind, self.eps) = (path.name, .norm(size: size), eps)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter("weight", [size], initial: scaling == .fromOne ? .zeros : .ones)
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    try rmsNorm(x, weight: weight.dense(weight.dtype), eps: eps, scaling: scaling)
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
