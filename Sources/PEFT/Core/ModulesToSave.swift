import NN
import Torch

/// A layer trained whole (`modules_to_save`, and what LN tuning does): its own float32 copy of weight and bias.
///
/// Modules are chosen by whole names: `head` means `head` and `model.head`, never `overhead`, which
/// Hugging Face PEFT's comparison of ends captures too.
final class ModulesToSave: LayerAdapter {
  let parameters: [AdapterParameter]
  private let weight: AdapterParameter
  private let bias: AdapterParameter?

  /// A copy of what the layer has now.
  ///
  /// - Parameter prefix: of the parameters' names.
  init(_ layer: any AdaptableLayer, prefix: String = "") throws {
    func own(_ name: String) -> String { prefix + name.dropFirst(layer.name.count + 1) }
    weight = AdapterParameter(own(layer.weightName), try Self.copy(layer.untouchedWeight.dense(.float32)))
    bias = try layer.bias.map { AdapterParameter(own(layer.biasName), try Self.copy($0.tensor)) }
    parameters = [weight] + (bias.map { [$0] } ?? [])
  }

  private static func copy(_ tensor: Tensor) throws -> Tensor {
    try withoutGradients { try tensor.to(dtype: .float32).clone() }
  }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor {
    let dtype = base.layer.weight.dtype
    let own = Parameter(name: base.layer.name, tensor: try weight.tensor.to(dtype: dtype))
    return try base.layer.output(x, weight: own, bias: bias?.tensor.to(dtype: dtype))
  }

  func fold(into folding: inout Folding) throws {
    folding.weight = weight.tensor
    folding.bias = bias?.tensor
  }

  /// Whether the module at path `name` is `module`, or below it.
  static func isInside(_ name: String, _ module: String) -> Bool {
    let (path, wanted) = (name.split(separator: "."), module.split(separator: "."))
    guard !wanted.isEmpty, path.count >= wanted.count else { return false }
    return (0...(path.count - wanted.count)).contains { path[$0..<($0 + wanted.count)].elementsEqual(wanted) }
  }
}
