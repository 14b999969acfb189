import NN
import Torch

/// A model that looks at pictures without a head; its names have no prefix.
final class VisionFeatureExtractor: VisionModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.featureExtraction
  let headNames: [String] = []
  private let body: any VisionBody
  private let dtype: DType

  init(_ configuration: ModelConfiguration, _ design: VisionDesign, _ store: VariableStore) throws {
    (self.configuration, self.store) = (configuration, store)
    body = try design.body(store.root, .featureExtraction)
    dtype = store.parameters.first?.tensor.dtype ?? .float32
  }

  var picture: PictureShape { body.picture }

  /// The last states: [batch, tokens, d], or [batch, d, rows, columns].
  func logits(_ input: ModelInput) throws -> Tensor {
    try body.states(input.pictures(picture).to(dtype: dtype))
  }

  func features(_ pixels: Tensor) throws -> Tensor {
    try body.pooled(ModelInput(pixels: pixels).pictures(picture).to(dtype: dtype))
  }
}
