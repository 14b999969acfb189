import NN
import Torch

/// A model that tells what a picture shows.
final class ImageClassifier: VisionModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.imageClassification
  let headNames: [String]
  private let body: any VisionBody
  private let classifier: Linear

  init(
    _ configuration: ModelConfiguration, _ design: VisionDesign, prefix: String, _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    body = try design.body(store.root / prefix, .imageClassification)
    classifier = try Linear(
      store.root / design.classifier, in: design.classifierWidth, out: configuration.labels.count, bias: true,
      initial: design.initial)
    // A module of several layers is named as a whole.
    headNames = [design.classifier.split(separator: ".").first.map(String.init) ?? design.classifier]
  }

  var picture: PictureShape { body.picture }

  /// [batch, labels].
  func logits(_ input: ModelInput) throws -> Tensor {
    let pixels = try input.pictures(picture).to(dtype: classifier.weight.dtype)
    return try classifier(body.classified(pixels))
  }

  func features(_ pixels: Tensor) throws -> Tensor {
    try body.pooled(ModelInput(pixels: pixels).pictures(picture).to(dtype: classifier.weight.dtype))
  }
}
