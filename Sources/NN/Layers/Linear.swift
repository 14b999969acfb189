import Torch

/// y = x W^T + b; x [..., in], W [out, in].
public final class Linear: AdaptableLayer {
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  public var bias: Parameter?
  public let weightName, biasName: String
  public internal(set) var inner: [any AdaptableLayer] = []

  /// - Parameters:
  ///   - twin: the weight of another layer that this one shares.
  ///   - prefix: what the names of the parameters begin with, such as `in_proj_`.
  /// - Throws: ``TorchError`` when the checkpoint's tensor cannot be read.
  public init(
    _ path: Path, in inputs: Int, out outputs: Int, bias: Bool = false, tiedTo twin: Parameter? = nil,
    prefix: String = ""
  ) throws {
    (weightName, biasName) = (path.full("\(prefix)weight"), path.full("\(prefix)bias"))
    (name, kind) = (path.name, .linear(inputs: inputs, outputs: outputs))
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    if let twin {
      path.tie("\(prefix)weight", to: twin)
      weight = twin
    } else {
      let initial = Initializer.kaimingUniform(a: 5.squareRoot())
      // A matrix of several projections is no linear layer to those who quantize checkpoints.
      weight =
        try prefix.isEmpty
        ? path.weight("weight", [outputs, inputs], initial: initial)
        : path.parameter("\(prefix)weight", [outputs, inputs], initial: initial)
    }
    let bound = inputs > 0 ? 1 / Double(inputs).squareRoot() : 0
    self.bias = try bias ? path.parameter("\(prefix)bias", [outputs], initial: .uniform(bound)) : nil
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    try linearOutput(x, weight: weight, bias: bias)
  }

  public func callAsFunction(_ x: Tensor) throws -> Tensor { try adaptedOutput(x) }
}

/// x W^T + b, in one step of the graph where nothing of it is trained.
func linearOutput(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
  guard !weight.isTrained else { return try trainedProduct(x, weight.dense(weight.dtype), bias: bias) }
  let isFrozen = bias?.requiresGrad != true
  let products = try groupedProducts(x, [ProductTerm(weight: weight, bias: isFrozen ? bias : nil)])
  guard let bias, !isFrozen else { return products[0] }
  return try products[0] + bias
}
