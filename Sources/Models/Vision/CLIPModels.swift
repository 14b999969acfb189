import NN
import Torch

/// A model that makes one vector of each text by itself.
public protocol TextFeatureModel: Model {
  /// [batch, d].
  func textFeatures(_ input: ModelInput) throws -> Tensor
}

/// CLIP: texts and pictures as vectors of one space.
final class CLIP: VisionModel, TextFeatureModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.featureExtraction
  let headNames: [String] = []
  private let text: CLIPTextTower
  private let vision: VisionTransformer
  private let textProjection, visualProjection: Linear
  private let scale: Parameter

  init(
    _ configuration: ModelConfiguration, _ text: CLIPTextTower.Configuration,
    _ vision: VisionTransformer.Configuration, _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    let (root, width) = (store.root, try configuration.size("projection_dim", default: 512))
    self.text = try CLIPTextTower(root / "text_model", text)
    self.vision = try VisionTransformer(root / "vision_model", vision, task: .featureExtraction)
    visualProjection = try Linear(root / "visual_projection", in: vision.block.hiddenSize, out: width)
    textProjection = try Linear(root / "text_projection", in: text.block.hiddenSize, out: width)
    scale = try root.parameter("logit_scale", [], initial: .constant(2.6592))
  }

  var picture: PictureShape { vision.picture }
  var contextLength: Int { text.configuration.positionCount }
  var limitsLength: Bool { true }

  func features(_ pixels: Tensor) throws -> Tensor {
    let pixels = try ModelInput(pixels: pixels).pictures(picture).to(dtype: visualProjection.weight.dtype)
    return try visualProjection(vision.pooled(pixels))
  }

  func textFeatures(_ input: ModelInput) throws -> Tensor { try textProjection(text.pooled(input)) }

  /// For pictures and texts how well each goes with each [pictures, texts]; for either alone their vectors [batch, d].
  func logits(_ input: ModelInput) throws -> Tensor {
    guard let pixels = input.pixels else { return try textFeatures(input) }
    let pictures = try features(pixels)
    guard input.ids.shape[1] > 0 else { return pictures }
    let texts = try textFeatures(input)
    func unit(_ x: Tensor) throws -> Tensor { try x / x.norm([-1], keepDim: true) }
    return try unit(pictures).matmul(unit(texts).t()) * scale.tensor.exp()
  }
}

/// The text's side of CLIP alone, with its projection where the checkpoint has it.
final class CLIPTextEncoder: TextEncoder, TextFeatureModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.featureExtraction
  let outputEmbeddingName: String? = nil
  let headNames: [String] = []
  private let tower: CLIPTextTower
  private let projection: Linear?

  init(
    _ configuration: ModelConfiguration, _ text: CLIPTextTower.Configuration, _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    let (root, isProjected) = (store.root, store.hasCheckpointTensor("text_projection.weight"))
    tower = try CLIPTextTower(isProjected ? root / "text_model" : root, text)
    let width = try configuration.size("projection_dim", default: 512)
    projection =
      isProjected ? try Linear(root / "text_projection", in: text.block.hiddenSize, out: width) : nil
  }

  var contextLength: Int { tower.configuration.positionCount }

  func hiddenStates(_ input: ModelInput) throws -> Tensor { try tower.states(input) }

  func textFeatures(_ input: ModelInput) throws -> Tensor {
    let pooled = try tower.pooled(input)
    return try projection?(pooled) ?? pooled
  }

  /// The states of the tokens [batch, tokens, d], or with a projection the texts' vectors [batch, d].
  func logits(_ input: ModelInput) throws -> Tensor {
    try projection == nil ? hiddenStates(input) : textFeatures(input)
  }
}

/// The picture's side of CLIP alone, with its projection where the checkpoint has it.
final class CLIPVisionEncoder: VisionModel {
  let configuration: ModelConfiguration
  let store: VariableStore
  let task = ModelTask.featureExtraction
  let headNames: [String] = []
  private let tower: VisionTransformer
  private let projection: Linear?
  private let dtype: DType

  init(
    _ configuration: ModelConfiguration, _ vision: VisionTransformer.Configuration, _ store: VariableStore
  ) throws {
    (self.configuration, self.store) = (configuration, store)
    let (root, isProjected) = (store.root, store.hasCheckpointTensor("visual_projection.weight"))
    tower = try VisionTransformer(
      isProjected ? root / "vision_model" : root, vision, task: .featureExtraction)
    let width = try configuration.size("projection_dim", default: 512)
    projection =
      isProjected ? try Linear(root / "visual_projection", in: vision.block.hiddenSize, out: width) : nil
    dtype = store.parameters.first?.tensor.dtype ?? .float32
  }

  var picture: PictureShape { tower.picture }

  func features(_ pixels: Tensor) throws -> Tensor {
    let pooled = try tower.pooled(ModelInput(pixels: pixels).pictures(picture).to(dtype: dtype))
    return try projection?(pooled) ?? pooled
  }

  /// The states of the patches [batch, tokens, d], or with a projection the pictures' vectors [batch, d].
  func logits(_ input: ModelInput) throws -> Tensor {
    let pixels = try input.pictures(picture).to(dtype: dtype)
    return try projection == nil ? tower.states(pixels) : features(pixels)
  }
}
