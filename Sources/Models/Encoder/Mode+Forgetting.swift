import NN
import Torch

extension Mode {
  /// What `body` computes; in training with gradient checkpointing what lies between is computed again when it is needed.
  ///
  /// - Parameter others: parameters that belong to none of the layers.
  func forgetting(
    _ layers: [any AdaptableLayer], and others: [Tensor] = [], _ inputs: [Tensor],
    _ body: @escaping ([Tensor]) throws -> Tensor
  ) throws -> Tensor {
    guard gradientCheckpointing, isTraining, isRecordingGradients else { return try body(inputs) }
    var seen = Set<ObjectIdentifier>()
    let trained = (layers.flatMap(\.trainableTensors) + others).filter {
      seen.insert(ObjectIdentifier($0)).inserted
    }
    return try checkpointed(inputs, parameters: trained) { [try body($0)] }[0]
  }
}
