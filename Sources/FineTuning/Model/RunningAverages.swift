import NN
import Torch

/// The averages that batch normalization keeps beside its weights, for a run to go on with.
final class RunningAverages: TrainingHook {
  private let constants: [Parameter]

  /// Nil for a model that keeps none.
  init?(_ store: VariableStore) {
    let names = Set(store.layers.compactMap { ($0 as? BatchNorm)?.name })
    constants = store.parameters.filter { parameter in
      parameter.isConstant && names.contains { parameter.name.hasPrefix("\($0).") }
    }
    if constants.isEmpty { return nil }
  }

  var state: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: constants.map { ($0.name, $0.tensor) })
  }

  func restore(_ state: [String: Tensor]) throws {
    for constant in constants {
      guard let saved = state[constant.name], saved.shape == constant.tensor.shape else {
        throw TorchError(
          .invalid, "\(constant.name) is not in the checkpoint: resume with the model of the first run")
      }
      constant.tensor = try saved.to(dtype: constant.tensor.dtype, device: constant.tensor.device)
    }
  }
}
