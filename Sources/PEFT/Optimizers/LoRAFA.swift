import Configuration
import NN
import Torch

/// LoRA-FA: A stays as it began, and B's gradient is turned into the one whose change of the weight is closest to what
/// full fine-tuning would do: g (A A^T)^-1 / s^2.
///
/// Half of LoRA's optimizer state goes, and with it the activations that A's gradient needs.
/// Source: Zhang et al. 2023, "LoRA-FA"; step for step as PEFT 0.21's `LoraFAOptimizer` in float32.
public final class LoRAFA: TrainingHook {
  private let updates: [(b: AdapterParameter, projection: Tensor)]

  /// Freezes every A of an adapter.
  ///
  /// - Throws: ``ConfigurationError`` when the adapter's method is not LoRA.
  public init(_ model: AdaptedModel, training name: String = "default") throws {
    guard let method = model.configurations[name]?.method as? LoRA else {
      throw ConfigurationError("optimizer", value: "lora-fa", rule: "needs an adapter of the method lora")
    }
    var updates: [(b: AdapterParameter, projection: Tensor)] = []
    for layer in model.store.layers where !layer.isParameter {
      let parameters = layer.slot[name]?.adapter.parameters ?? []
      guard let a = parameters.first(where: { $0.name == "lora_A.weight" }),
        let b = parameters.first(where: { $0.name == "lora_B.weight" })
      else { continue }
      try a.tensor.requireGrad(false)
      let scale = try method.scaling(for: layer.name)
      updates.append((b, try Self.projection(a.tensor, scale: scale)))
    }
    guard !updates.isEmpty else {
      throw ConfigurationError("optimizer", value: "lora-fa", rule: "needs LoRA on linear layers")
    }
    self.updates = updates
  }

  /// (A A^T + 1e-8)^+ / s^2 [r, r], which stays as A does.
  private static func projection(_ a: Tensor, scale: Double) throws -> Tensor {
    try withoutGradients {
      let a = try a.reshaped([a.shape[0], -1]).to(dtype: .float32)
      let gram = try a.matmul(a.t()) + Tensor.eye(a.shape[0], device: a.device) * 1e-8
      return try gram.pinv() / (scale * scale)
    }
  }

  public func afterBackward(step: Int, totalSteps: Int) throws {
    try withoutGradients {
      for (b, projection) in updates {
        guard let gradient = b.tensor.grad else { continue }
        let rows = try gradient.reshaped([gradient.shape[0], -1])
        try gradient.copy_(rows.matmul(projection.to(dtype: rows.dtype)).reshaped(gradient.shape))
      }
    }
  }
}
