import NN
import Torch

/// What the loop needs of a model: a loss, parameters, and a way to save.
public protocol TrainableModel: AnyObject {
  var device: Device { get }
  var objective: Objective { get }
  /// Whether dropout applies.
  var isTraining: Bool { get set }
  /// Everything that training changes, in a fixed order.
  var parameters: [TrainableParameter] { get }
  /// The number of elements in all parameters, frozen ones included.
  var totalParameterCount: Int { get }
  var hooks: [any TrainingHook] { get }
  /// The loss summed over the batch's targets, a float32 scalar without regularization.
  func summedLoss(_ batch: Batch) throws -> Tensor
  /// The outputs that an evaluation of classes or numbers looks at; see ``Objective/summedLoss(_:_:)``.
  func logits(_ batch: Batch) throws -> Tensor
  /// Writes what training has made, such as an adapter, as files of `folder`.
  func save(to folder: String) throws
}

/// A tensor that training changes.
public struct TrainableParameter {
  /// Its full name, such as `base_model.model.lm_head.lora_A.weight`.
  public let name: String
  /// A leaf that requires a gradient.
  public let tensor: Tensor
  /// Its learning rate over the run's.
  public let learningRateScale: Double
  /// Whether weight decay applies to it.
  public let decays: Bool

  /// - Parameter decays: nil to tell from the name.
  public init(name: String, tensor: Tensor, learningRateScale: Double = 1, decays: Bool? = nil) {
    self.name = name
    self.tensor = tensor
    self.learningRateScale = learningRateScale
    self.decays = decays ?? TrainableParameter.decays(name)
  }

  /// Biases and norms do not decay, told by name as transformers' `Trainer.get_decay_parameter_names` does.
  static func decays(_ name: String) -> Bool {
    let name = name.lowercased()
    let isNorm = name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
    return !isNorm && !["bias", "layernorm", "rmsnorm"].contains { name.contains($0) }
  }
}
