import Torch

/// The gradients of a step taken together: their norm, and clipping by it.
struct GradientNorm {
  /// The Euclidean norm over all gradients, a float32 scalar on the device; nil when there are none.
  let value: Tensor?
  private let gradients: [Tensor]

  init(of parameters: [TrainableParameter]) throws {
    gradients = parameters.compactMap(\.tensor.grad)
    guard let device = gradients.first?.device else {
      value = nil
      return
    }
    let norms = try Tensor.norms(gradients).map { try $0.to(dtype: .float32, device: device) }
    value = try Tensor.stack(norms).norm()
  }

  /// Scales the gradients so that their norm is at most `limit`, as `torch.nn.utils.clip_grad_norm_` does.
  ///
  /// - Parameter norm: ``value`` as a number.
  func clip(to limit: Double, norm: Double) throws {
    // The factor is worked out in float32, as libtorch's own tensors would.
    let factor = Float(limit) / (Float(norm) + 1e-6)
    if factor < 1 { try Tensor.multiply_(gradients, by: Double(factor)) }
  }
}
