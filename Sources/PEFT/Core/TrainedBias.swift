import NN
import Torch

/// A layer's bias trained beside an adapter (`bias: all`, for layers that have no adapter of their own).
final class TrainedBias: LayerAdapter {
  let parameters: [AdapterParameter]
  private let bias: AdapterParameter

  /// - Parameter name: `bias`, or `base_layer.bias` on a layer that is adapted too.
  init(_ bias: Parameter, named name: String = "bias") throws {
    self.bias = AdapterParameter(name, try withoutGradients { try bias.tensor.to(dtype: .float32).clone() })
    parameters = [self.bias]
  }

  /// The bias of an adapted layer, where it is trained beside the adapter.
  static func beside(_ layer: any AdaptableLayer, _ training: BiasTraining) throws -> TrainedBias? {
    try training == .none ? nil : layer.bias.map { try TrainedBias($0, named: "base_layer.bias") }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    try change(to: base.layer).map { try base.output(x) + $0 } ?? base.output(x)
  }

  /// What the trained bias adds to the output with the layer's own.
  func change(to layer: any AdaptableLayer) throws -> Tensor? {
    guard let own = layer.bias?.tensor else { return nil }
    return try layer.alongOutputs((bias.tensor - own.to(dtype: .float32)).to(dtype: own.dtype))
  }

  func fold(into folding: inout Folding) throws { folding.bias = bias.tensor }
}

extension TrainedBias? {
  /// What a layer gives with the trained bias in place of its own; no adapter scales a bias.
  func added(to output: Tensor, of layer: any AdaptableLayer) throws -> Tensor {
    try self?.change(to: layer).map { try output + $0 } ?? output
  }
}
