import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Low-rank methods on convolutions of every shape, embeddings and the transposed linear layer: what must hold wherever
/// Hugging Face PEFT has no values to compare with.
struct ConvolutionAdapterTests {
  static let geometries: [ConvolutionGeometry] = [
    ConvolutionGeometry(kernel: [3], stride: [2], padding: .each([1])),
    ConvolutionGeometry(kernel: [2, 3], padding: .same, dilation: [2, 1], paddingMode: .circular),
    ConvolutionGeometry(kernel: [3, 3], padding: .each([1, 1]), groups: 2),
    ConvolutionGeometry(kernel: [3], padding: .same, groups: 4, paddingMode: .replicate),
    ConvolutionGeometry(kernel: [2, 2, 2], stride: [1, 2, 1]),
  ]
  static let methods = MethodRegistry.entries.map(\.name).filter { name in
    ((try? MethodRegistry.method(named: name).supports(.convolution(dimensions: 2, inputs: 1, outputs: 1)))
      ?? false)
  }

  private static func adapted(
    _ method: String, _ store: VariableStore
  ) throws -> AdaptedModel {
    let known = try MethodRegistry.method(named: method)
    var fields = JSONObject()
    let wanted: JSONObject = [
      "target_modules": ["layer"], "r": 4, "lora_alpha": 6, "init_r": 4, "target_r": 2,
    ]
    for (key, value) in wanted where known.json[key] != nil { fields[key] = value }
    let model = try AdaptedModel(store, seed: 4)
    try model.add(MethodRegistry.method(named: method, fields))
    return model
  }

  private static func randomize(_ model: AdaptedModel) throws {
    let generator = try Generator(seed: 9)
    try withoutGradients {
      for entry in model.parameters() where entry.parameter.isLearned {
        let tensor = entry.parameter.tensor
        try tensor.add_(Tensor.randn(tensor.shape, generator: generator) * 0.3)
      }
    }
  }

  @Test(arguments: methods, geometries)
  func mergingEqualsApplyingAndUnmergingRestoresTheBits(method: String, geometry: ConvolutionGeometry) throws
  {
    let store = try VariableStore(seed: 3)
    let layer = try Convolution(store.root / "layer", in: 4, out: 8, geometry)
    let x = try Tensor.randn([2, 4] + geometry.kernel.map { _ in 6 }, generator: Generator(seed: 1))
    let (before, weight) = (try layer(x), try layer.weight.dense(.float32).clone())
    guard geometry.groups == 1 || !method.hasPrefix("edora") && method != "lora-xs" else {
      let error = try #require(throws: AdapterError.self) { try Self.adapted(method, store) }
      #expect(error.description.contains("exclude it"))
      return
    }
    let model = try Self.adapted(method, store)
    #expect(try layer(x).relativeError(to: before) < 2e-4)
    try Self.randomize(model)
    let y = try layer(x)
    #expect(try y.relativeError(to: before) > 0.01)
    #expect(try layer(x.select(0, 1)).relativeError(to: y.select(0, 1)) < 1e-5)
    try model.merge()
    #expect(try layer(x).relativeError(to: y) < 1e-5)
    model.unmerge()
    #expect(try layer.weight.dense(.float32).isIdentical(to: weight))
    #expect(try layer(x).isIdentical(to: y))
  }

  @Test(arguments: ["lora", "dora"])
  func aRankThatDoesNotFitTheGroupsIsAnError(method: String) throws {
    let store = try VariableStore(seed: 3)
    _ = try Convolution(store.root / "layer", in: 6, out: 6, ConvolutionGeometry(kernel: [3], groups: 3))
    let error = try #require(throws: AdapterError.self) { try Self.adapted(method, store) }
    #expect(error.description.contains("rank 4 at layer, a convolution in 3 groups: give it a multiple of 3"))
    #expect(store.layers[0].adapters.isEmpty)
  }

  @Test func biasesOfConvolutionsAreTrained() throws {
    let store = try VariableStore(seed: 3)
    let layer = try Convolution(store.root / "layer", in: 4, out: 5, ConvolutionGeometry(kernel: [3, 3]))
    let other = try Convolution(store.root / "other", in: 5, out: 3, ConvolutionGeometry(kernel: [1, 1]))
    let model = try AdaptedModel(store)
    try model.add(LoRA(["target_modules": ["layer"], "bias": "all", "lora_bias": true]))
    try Self.randomize(model)
    let x = try Tensor.randn([2, 4, 5, 5], generator: Generator(seed: 1))
    let y = try other(layer(x))
    try model.merge()
    #expect(try other(layer(x)).relativeError(to: y) < 1e-5)
    #expect(model.parameters().map(\.name).contains("base_model.model.other.bias"))
  }

  @Test func aFoldedEDoRAOfAConvolutionIsAPlainDoRA() throws {
    let store = try VariableStore(seed: 3)
    let layer = try Convolution(store.root / "layer", in: 4, out: 6, ConvolutionGeometry(kernel: [3, 2]))
    let model = try Self.adapted("edora", store)
    try Self.randomize(model)
    let x = try Tensor.randn([2, 4, 5, 5], generator: Generator(seed: 1))
    let y = try layer(x)
    let folded = try model.folder().foldedEDoRA()
    try model.delete("default")
    try model.load(folded)
    #expect(folded.tensors["base_model.model.layer.lora_A.weight"]?.shape == [4, 4, 3, 2])
    #expect(try layer(x).relativeError(to: y) < 1e-5)
  }

  @Test(arguments: [1.0, 3.0])
  func adaLoRAOnAnEmbedding(scale: Double) throws {
    let store = try VariableStore(seed: 3)
    let layer = try Embedding(store.root / "layer", entries: 11, size: 6, scale: scale)
    let ids = try Tensor([3, 0, 10, 3], shape: [2, 2])
    let before = try layer(ids)
    let model = try Self.adapted("adalora", store)
    #expect(try layer(ids).isIdentical(to: before))
    try Self.randomize(model)
    let y = try layer(ids)
    #expect(try y.relativeError(to: before) > 0.01)
    try model.merge()
    #expect(try layer(ids).relativeError(to: y) < 1e-5)
  }
}
