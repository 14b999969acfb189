import Torch

/// y = x W + b with W [in, out]: the layer that GPT-2's checkpoints call `Conv1D`.
public final class TransposedLinear: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?

  public init(_ path: Path, in inputs: Int, out outputs: Int, bias: Bool = true) throws {
    (name, kind) = (path.name, .transposedLinear(inputs: inputs, outputs: outputs))
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter("weight", [inputs, outputs], initial: .normal(std: 0.02))
    self.bias = try bias ? path.parameter("bias", [outputs], initial: .zeros) : nil
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    let y = try weight.transposedProduct(x)
    return try bias.map { try y + $0 } ?? y
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
