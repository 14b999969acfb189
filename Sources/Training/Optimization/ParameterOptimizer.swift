import Torch

/// What turns the gradients that parameters hold into new values of them.
protocol ParameterOptimizer: AnyObject {
  /// - Parameters:
  ///   - step: updates done, this one included.
  ///   - rate: the learning rate before the parameters' own scales.
  func update(step: Int, rate: Double) throws
  /// Every tensor that the next update depends on, the parameters included, by name.
  var state: [String: Tensor] { get }
  /// Goes on from a ``state``; the caller has checked that names, shapes and types are the same.
  func restore(_ saved: [String: Tensor]) throws
}

extension OptimizerKind {
  func make(
    _ parameters: [TrainableParameter], options: TrainingOptions, device: Device
  ) throws -> any ParameterOptimizer {
    switch self {
    case .adamW, .loraFA: try AdamW(parameters, options: options, device: device)
    case .adamW8bit: try AdamW8bit(parameters, options: options, device: device)
    }
  }
}
