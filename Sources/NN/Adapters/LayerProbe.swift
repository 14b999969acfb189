import Torch

/// An adapter that changes nothing and shows what passes through its layer: how data is looked at before training.
///
/// A layer without one pays nothing for it, for it is an adapter like any other.
public final class LayerProbe: LayerAdapter {
  public let parameters: [AdapterParameter] = []
  private let onInput: ((_ x: Tensor) throws -> Void)?
  private let onGradient: ((_ x: Tensor, _ gradient: Tensor) throws -> Void)?

  /// - Parameters:
  ///   - onInput: told the layer's input in every forward pass.
  ///   - onGradient: told, in every backward pass, the input and the gradient of the output, outside the graph.
  public init(
    onInput: ((_ x: Tensor) throws -> Void)? = nil,
    onGradient: ((_ x: Tensor, _ gradient: Tensor) throws -> Void)? = nil
  ) {
    (self.onInput, self.onGradient) = (onInput, onGradient)
  }

  public func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    try onInput?(x)
    let y = try base.output(x)
    guard let onGradient, isRecordingGradients else { return y }
    // Something that wants a gradient, although nothing of a frozen model does.
    let anchor = try Tensor.zeros([], device: x.device).requireGrad()
    let inputs = y.requiresGrad ? [anchor, y] : [anchor]
    let output = try y.detached()
    return try attachGradient(to: output, inputs: inputs, saving: [x.detached()]) { gradient, saved in
      try withoutGradients { try onGradient(saved[0], gradient) }
      return inputs.count == 1 ? [nil] : [nil, gradient]
    }
  }

  public func fold(into folding: inout Folding) throws {}
}
