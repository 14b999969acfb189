import Torch

/// A parameter that is no layer by itself, such as the fused weights of a mixture's experts, so that adapters can
/// change it.
///
/// A module that owns one calls it for the tensor to compute with. As a layer it has no input.
public final class AdaptableParameter: AdaptableLayer {
  /// The full name of the parameter, such as `model.layers.0.mlp.experts.gate_up_proj`.
  public let name: String
  public let kind: LayerKind
  public let slot: AdapterSlot
  public let mode: Mode
  public var weight: any WeightStorage
  /// It has none.
  public var bias: Parameter?
  public var weightName: String { name }

  /// - Parameters:
  ///   - shape: [outputs, inputs], [experts, outputs, inputs], or transposed [experts, inputs, outputs].
  ///   - isTransposed: whether each expert's matrix has its inputs first.
  /// - Throws: ``TorchError`` for another shape, or when the checkpoint's tensor cannot be read.
  public init(
    _ path: Path, _ component: String, _ shape: [Int], isTransposed: Bool = false,
    initial: Initializer = .normal(std: 0.02)
  ) throws {
    name = path.full(component)
    guard shape.count == 3 || shape.count == 2 && !isTransposed else {
      throw TorchError(
        .invalid, "\(name) is \(shape): give [outputs, inputs], or a matrix for each expert")
    }
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    kind = .parameter(
      experts: shape.count == 3 ? shape[0] : 1, inputs: isTransposed ? rows : columns,
      outputs: isTransposed ? columns : rows, isTransposed: isTransposed)
    mode = path.store.mode
    slot = AdapterSlot(mode: mode)
    weight = try path.parameter(component, shape, initial: initial)
    path.store.add(self)
  }

  public func output(_ x: Tensor, weight: any WeightStorage, bias: Tensor?) throws -> Tensor {
    try weight.dense(weight.dtype)
  }

  /// The parameter with the adapters that are active.
  ///
  /// - Throws: ``AdapterError`` while rows have adapters of their own, which one parameter cannot serve.
  public func callAsFunction() throws -> Tensor {
    guard !slot.isByRow else {
      throw AdapterError(
        "\(name) is a parameter with adapters, which cannot differ by row: run the rows of each adapter apart"
      )
    }
    return try adaptedOutput(weight.dense(weight.dtype))
  }
}
