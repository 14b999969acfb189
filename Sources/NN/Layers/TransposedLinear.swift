import Torch

/// y = x W + b with W [in, out]: the layer that GPT-2's checkpoints call `Conv1D`.
///
/// A quantized weight is [out, in], as bitsandbytes keeps it for every layer; this is an ordinary linear layer then,
/// but for the files that it is written to dense.
public final class TransposedLinear: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?
  public let isTurnedInFiles: Bool

  public init(_ path: Path, in inputs: Int, out outputs: Int, bias: Bool = true) throws {
    name = path.name
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.weight("weight", [outputs, inputs], initial: .normal(std: 0.02), isTurned: true)
    isTurnedInFiles = weight is any QuantizedWeight
    kind =
      isTurnedInFiles
      ? .linear(inputs: inputs, outputs: outputs) : .transposedLinear(inputs: inputs, outputs: outputs)
    self.bias = try bias ? path.parameter("bias", [outputs], initial: .zeros) : nil
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    guard !isTurnedInFiles else { return try linearOutput(x, weight: weight, bias: bias) }
    let y = try weight.transposedProduct(x)
    return try bias.map { try y + $0 } ?? y
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}
