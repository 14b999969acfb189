import NN
import Torch

/// A bottleneck adapter on one layer; down [m, d in], up [d out, m], both with a bias.
final class BottleneckLayer: LayerAdapter {
  let parameters: [AdapterParameter]
  private let down, up: (weight: AdapterParameter, bias: AdapterParameter)
  private let method: Bottleneck

  init(_ layer: any AdaptableLayer, _ method: Bottleneck, _ context: InjectionContext) throws {
    self.method = method
    let (inputs, outputs) = try Self.widths(of: layer)
    let read = method.isParallel ? inputs : outputs
    let size = method.size(for: read)
    let device = layer.weight.device
    func parameter(_ name: String, _ shape: [Int], _ initial: Initializer) throws -> AdapterParameter {
      let values = try initial.tensor(shape, generator: context.generator)
      return AdapterParameter("bottleneck_\(name)", try values.to(device: device))
    }
    let random = Initializer.normal(std: method.sigma)
    down = (
      try parameter("down.weight", [size, read], random), try parameter("down.bias", [size], .zeros)
    )
    up = (
      try parameter("up.weight", [outputs, size], method.start == .identity ? .zeros : random),
      try parameter("up.bias", [outputs], .zeros)
    )
    parameters = [down.weight, down.bias, up.weight, up.bias]
  }

  /// The features that a layer takes and gives.
  private static func widths(of layer: any AdaptableLayer) throws -> (inputs: Int, outputs: Int) {
    switch layer.kind {
    case .linear(let inputs, let outputs), .transposedLinear(let inputs, let outputs): (inputs, outputs)
    case .norm(let size), .embedding(_, let size): (size, size)
    case .convolution, .parameter:
      throw AdapterError("'\(layer.name)' has no features to work on: leave it out of target_modules")
    }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let y = try base.output(x)
    var input = method.isParallel ? x : y
    if base.layer.mode.isTraining { input = try input.dropout(method.dropout) }
    let inner = try method.activation(product(input, down))
    return try y.adding(product(inner, up), scale: method.scaling.value)
  }

  private func product(
    _ x: Tensor, _ layer: (weight: AdapterParameter, bias: AdapterParameter)
  ) throws -> Tensor {
    try x.linear(layer.weight.tensor.to(dtype: x.dtype), bias: layer.bias.tensor.to(dtype: x.dtype))
  }

  func fold(into folding: inout Folding) throws {
    throw AdapterError(
      "a bottleneck adapter cannot be merged into \(folding.layer.name), since what it adds is not linear: "
        + "keep it beside the model")
  }
}
