import Files
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

/// Models that look at pictures against what transformers computes with the same checkpoints.
struct VisionTests {
  static let folder = "\(Golden.folder)/vision"
  static let names =
    (try? Folder.names(in: folder).filter { Folder.hasFile("\(folder)/\($0)/expected.safetensors") }) ?? []

  private func load(_ folder: String, task: ModelTask? = nil) throws -> any VisionModel {
    try #require(try PretrainedModel.load(folder: folder, task: task) as? any VisionModel)
  }

  private func expected(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(Self.folder)/\(name)/expected.safetensors").allTensors()
  }

  private static func isBare(_ name: String) -> Bool { name.hasSuffix("bare") }

  @Test func thereAreModels() { #expect(Self.names.count >= 4) }

  @Test(arguments: names)
  func everySizeOfPictureAgrees(name: String) throws {
    let model = try load("\(Self.folder)/\(name)", task: Self.isBare(name) ? .featureExtraction : nil)
    #expect(model.store.report.isClean)
    let tensors = try expected(name)
    for (key, pixels) in tensors where key.hasSuffix(".pixels") {
      let right = try #require(tensors[key.replacing(".pixels", with: ".output")])
      let found = try model.logits(ModelInput(pixels: pixels))
      #expect(found.shape == right.shape)
      #expect(try found.relativeError(to: right) < 1e-5, "\(key)")
      guard let pooled = tensors[key.replacing(".pixels", with: ".pooled")] else { continue }
      let features = try model.features(pixels)
      #expect(try features.relativeError(to: pooled.reshaped(features.shape)) < 1e-5, "\(key)")
    }
  }

  @Test(arguments: names)
  func whatIsSavedIsTheSameAgain(name: String) throws {
    let copy = try TemporaryModel(folder: "\(Self.folder)/\(name)")
    let task: ModelTask? = Self.isBare(name) ? .featureExtraction : nil
    let model = try load(copy.folder, task: task)
    try ModelWriter.save(model, to: "\(copy.folder)/first")
    let again = try load("\(copy.folder)/first", task: task)
    try ModelWriter.save(again, to: "\(copy.folder)/second")
    for file in ["model.safetensors", "config.json"] {
      let (first, second) = (
        try WholeFile.read("\(copy.folder)/first/\(file)"),
        try WholeFile.read("\(copy.folder)/second/\(file)")
      )
      #expect(first == second)
    }
    let before = try SafetensorsFile(path: "\(copy.folder)/model.safetensors").allTensors()
    let after = try SafetensorsFile(path: "\(copy.folder)/first/model.safetensors").allTensors()
    #expect(Set(after.keys).isSubset(of: before.keys))
    for (name, tensor) in after { #expect(try tensor.isIdentical(to: #require(before[name])), "\(name)") }
  }

  @Test(arguments: names.filter { !isBare($0) })
  func aHeadForOtherClassesIsNew(name: String) throws {
    let labels = ClassLabels(["a", "b", "c", "d", "e"])
    let model = try PretrainedModel.load(
      folder: "\(Self.folder)/\(name)", labels: labels, seed: 3)
    #expect(model.headNames == ["classifier"])
    let tensors = try expected(name)
    let pixels = try #require(tensors.first { $0.key.hasSuffix(".pixels") }).value
    #expect(try model.logits(ModelInput(pixels: pixels)).shape == [pixels.shape[0], 5])
  }

  @Test(arguments: names)
  func checkpointingChangesNoGradient(name: String) throws {
    let tensors = try expected(name)
    let pixels = try #require(tensors.first { $0.key.hasSuffix(".pixels") }).value
    func gradients(checkpointing: Bool) throws -> [Tensor] {
      let model = try load("\(Self.folder)/\(name)", task: Self.isBare(name) ? .featureExtraction : nil)
      model.store.mode.isTraining = true
      model.store.mode.gradientCheckpointing = checkpointing
      let weights = try model.store.parameters.filter { !$0.isConstant }.map {
        try $0.tensor.requireGrad()
      }
      try model.logits(ModelInput(pixels: pixels)).square().sum().backward()
      return weights.compactMap(\.grad)
    }
    let (plain, again) = (try gradients(checkpointing: false), try gradients(checkpointing: true))
    #expect(plain.count == again.count && !plain.isEmpty)
    for (first, second) in zip(plain, again) { #expect(try first.isIdentical(to: second)) }
  }

  @Test func aBareBodyGetsAHead() throws {
    let model = try load("\(Self.folder)/vit-bare")
    #expect(model.task == .imageClassification)
    #expect(model.store.report.isClean)
    #expect(model.store.layers.contains { $0.name == "vit.layers.0.attention.q_proj" })
    let copy = try TemporaryModel(folder: "\(Self.folder)/vit-bare")
    try ModelWriter.save(model, to: "\(copy.folder)/whole")
    let config = try JSONValue.parse(contentsOf: "\(copy.folder)/whole/config.json")
    #expect(config["architectures"]?.arrayValue?.first?.stringValue == "ViTForImageClassification")
    let names = try SafetensorsFile(path: "\(copy.folder)/whole/model.safetensors").allTensors().keys
    #expect(names.contains("vit.encoder.layer.0.attention.attention.query.weight"))
  }

  @Test func inputThatDoesNotFitIsNamed() throws {
    let model = try load("\(Self.folder)/vit")
    func error(_ input: ModelInput) throws -> String {
      try #require(throws: ModelError.self) { try model.logits(input) }.description
    }
    #expect(try error(ModelInput([1, 2])).contains("no pictures"))
    #expect(try error(ModelInput(pixels: .zeros([1, 1, 12, 12]))).contains("[1, 1, 12, 12]"))
    #expect(try error(ModelInput(pixels: .zeros([1, 3, 3, 12]))).contains("12x3"))
  }

  static let wrongKeys: [(String, String, JSONValue)] = [
    ("vit", "num_attention_heads", 3), ("vit", "image_size", [1, 2, 3]), ("vit", "patch_size", 20),
    ("vit", "hidden_act", "mish"), ("dinov2", "use_swiglu_ffn", true), ("dinov2", "mlp_ratio", -1),
  ]

  @Test(arguments: wrongKeys)
  func aConfigurationThatDoesNotDoNamesItsKey(name: String, key: String, value: JSONValue) throws {
    let copy = try TemporaryModel(folder: "\(Self.folder)/\(name)")
    try copy.configure([key: value])
    let error = try #require(throws: ModelError.self) { try load(copy.folder) }
    #expect(error.description.contains(key) || error.description.contains("number of heads"))
  }
}

/// CLIP's two sides, together and alone.
struct ContrastTests {
  private func tensors(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(VisionTests.folder)/\(name)/sides.safetensors").allTensors()
  }

  private func texts(_ tensors: [String: Tensor]) throws -> ModelInput {
    ModelInput(
      ids: try #require(tensors["input_ids"]),
      attentionMask: try #require(tensors["attention_mask"]).to(dtype: .bool))
  }

  @Test func bothSidesAgree() throws {
    let tensors = try tensors("clip-whole")
    let model = try PretrainedModel.load(folder: "\(VisionTests.folder)/clip-whole", task: .featureExtraction)
    #expect(model.store.report.isClean)
    var input = try texts(tensors)
    #expect(try model.logits(input).relativeError(to: #require(tensors["texts"])) < 1e-5)
    let pixels: Tensor = try #require(tensors["pixels"])
    input.pixels = pixels
    #expect(try model.logits(input).relativeError(to: #require(tensors["scores"])) < 1e-5)
    let pictures = try model.logits(ModelInput(pixels: pixels))
    #expect(try pictures.relativeError(to: #require(tensors["pictures"])) < 1e-5)
  }

  @Test(arguments: ["clip-text", "clip-text-projected"])
  func theTextsSideAgrees(name: String) throws {
    let tensors = try tensors(name)
    let model = try #require(
      try PretrainedModel.load(folder: "\(VisionTests.folder)/\(name)") as? any TextFeatureModel)
    #expect(model.store.report.isClean && model.task == .featureExtraction)
    let input = try texts(tensors)
    let mask = try #require(input.attentionMask)
    var (found, right) = (try model.logits(input), try #require(tensors["output"]))
    if found.rank == 3 { (found, right) = (try found.indexed([mask]), try right.indexed([mask])) }
    #expect(try found.relativeError(to: right) < 1e-5)
    #expect(try model.textFeatures(input).relativeError(to: #require(tensors["texts"])) < 1e-5)
    #expect(throws: ModelError.self) { try model.logits(ModelInput(Array(repeating: 3, count: 12))) }
    #expect(throws: ModelError.self) { try model.logits(ModelInput([40])) }
  }

  @Test func thePicturesSideBecomesAClassifier() throws {
    let model = try PretrainedModel.load(
      folder: "\(VisionTests.folder)/clip-whole", labels: ClassLabels(["a", "b"]))
    #expect(model.task == .imageClassification && model.headNames == ["classifier"])
    #expect(model.store.report.isClean)
    #expect(!model.store.layers.contains { $0.name.hasPrefix("text_model.") })
  }
}
