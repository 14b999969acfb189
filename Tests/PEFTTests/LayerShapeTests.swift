import Configuration
import Files
import Foundation
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// AdaLoRA's files keep matrices for layers of every kind; what becomes of them must have the layers' own shapes.
struct LayerShapeTests {
  /// Layers of every kind that AdaLoRA reaches, with random triplets.
  private struct Kinds {
    let store: VariableStore
    let model: AdaptedModel
    let table: Embedding
    let up: Linear
    let filter, grouped: Convolution

    init(isAdapted: Bool) throws {
      store = try VariableStore(seed: 3)
      let root = store.root
      table = try Embedding(root / "table", entries: 13, size: 8)
      up = try Linear(root / "up", in: 8, out: 8)
      filter = try Convolution(root / "filter", in: 8, out: 6, ConvolutionGeometry(kernel: [3]))
      grouped = try Convolution(root / "grouped", in: 6, out: 4, ConvolutionGeometry(kernel: [2], groups: 2))
      model = try AdaptedModel(store, seed: 5)
      guard isAdapted else { return }
      try model.add(
        AdaLoRA([
          "target_modules": ["table", "up", "filter", "grouped"], "init_r": 3, "target_r": 2, "lora_alpha": 5,
          "total_step": 10,
        ]))
      let generator = try Generator(seed: 9)
      try withoutGradients {
        for entry in model.parameters() {
          try entry.parameter.tensor.add_(
            Tensor.randn(entry.parameter.tensor.shape, generator: generator) * 0.3)
        }
      }
    }

    func callAsFunction() throws -> Tensor {
      let ids = try Tensor([1, 5, 9, 2, 12, 7, 0, 3], shape: [2, 4])
      return try grouped(filter(up(table(ids)).tanh().transposed(1, 2)))
    }
  }

  private func same(_ adapter: AdapterFolder, as y: Tensor) throws {
    let fresh = try Kinds(isAdapted: false)
    try fresh.model.load(adapter)
    #expect(try fresh().relativeError(to: y) < 1e-5)
  }

  @Test func aLoRAHasTheShapesOfTheLayers() throws {
    let kinds = try Kinds(isAdapted: true)
    let y = try kinds()
    let lora = try kinds.model.ordinaryLoRA(of: "default", keeping: nil)
    #expect(lora.tensors["base_model.model.filter.lora_A.weight"]?.shape == [3, 8, 3])
    #expect(lora.tensors["base_model.model.filter.lora_B.weight"]?.shape == [6, 3, 1])
    #expect(lora.tensors["base_model.model.grouped.lora_A.weight"]?.shape == [6, 6, 2])
    #expect(lora.tensors["base_model.model.grouped.lora_B.weight"]?.shape == [4, 3, 1])
    #expect(lora.tensors["base_model.model.table.lora_embedding_A"]?.shape == [3, 13])
    try same(lora, as: y)
    try same(try kinds.model.ordinaryLoRA(of: "default", keeping: .rank(6)), as: y)
    for kind in [Combination.Kind.cat, .linear, .svd] {
      var options = Combination()
      (options.kind, options.weights) = (kind, [1])
      if kind == .svd { options.rank = 6 }
      try same(Combiner(options).combine([AdapterSource(kinds.model.folder())]), as: y)
    }
  }

  @Test func theFileOrTheBaseSaysTheShapes() throws {
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let kinds = try Kinds(isAdapted: true)
    let y = try kinds()
    try kinds.model.save(to: folder)
    let saved = try AdapterFolder(path: folder)
    #expect(saved.tensors["base_model.model.filter.lora_A"]?.shape == [3, 24])
    try same(AdapterSource(saved).ordinaryLoRA(keeping: nil), as: y)
    // As PEFT writes it.
    var silent = saved
    silent.shapes = nil
    let error = try #require(throws: AdapterError.self) { try silent.updates() }
    #expect(error.description.contains("--model"))
    let base = TensorDictionary(Dictionary(uniqueKeysWithValues: try kinds.store.stateDict()))
    let shaped = try silent.shaped(by: base) { _ in false }
    #expect(shaped.shapes == saved.shapes)
    try same(AdapterSource(shaped).ordinaryLoRA(keeping: nil), as: y)
    let wrong = TensorDictionary(["filter.weight": try .zeros([6, 8, 5])])
    #expect(throws: AdapterError.self) { try silent.shaped(by: wrong) { _ in false } }
    // In a model of texts all that AdaLoRA reaches is linear.
    silent.configuration.shared.taskType = "CAUSAL_LM"
    #expect(try silent.updates().updates.allSatisfy { $0.form == .linear })
  }

  @Test func textsOfPEFTStayAsTheyAre() throws {
    let kinds = try Kinds(isAdapted: false)
    try kinds.model.add(AdaLoRA(["target_modules": ["up"], "total_step": 10]))
    var adapter = try kinds.model.folder()
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (task, isSaid) in [("CAUSAL_LM", false), (nil, true)] {
      adapter.configuration.shared.taskType = task
      try adapter.write(to: folder)
      let metadata = try SafetensorsFile(path: folder + "/" + AdapterFolder.weightsName).metadata
      #expect((metadata["layer_shapes"] != nil) == isSaid)
    }
  }

  @Test(arguments: ["nonsense", "[]", #"{"a": {"form": "cube"}}"#, #"{"a": {"form": "convolution"}}"#])
  func nonsenseIsRefused(text: String) {
    #expect(throws: AdapterError.self) { try LayerShapes(metadata: ["layer_shapes": text]) }
  }

  @Test func aLayerWithoutTripletsIsALoRAOfNothing() throws {
    let kinds = try Kinds(isAdapted: true)
    var adapter = try kinds.model.folder()
    for (name, shape) in [("lora_A", [0, 24]), ("lora_B", [6, 0]), ("lora_E", [0, 1])] {
      adapter.tensors["base_model.model.filter.\(name)"] = try .zeros(shape)
    }
    let update = try #require(adapter.updates().updates.first { $0.layer == "filter" })
    #expect(update.a.shape == [1, 8, 3])
    #expect(try update.norm() == 0)
    let fresh = try Kinds(isAdapted: false)
    try fresh.model.load(AdapterSource(adapter).ordinaryLoRA(keeping: nil))
  }

  @Test func aConvolutionOfPEFTsBecomesALoRA() throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/layers/adalora.conv2d.safetensors").allTensors()
    func part(_ prefix: String, _ new: String) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: golden.filter { $0.key.hasPrefix(prefix) }.map {
          (new + $0.key.dropFirst(prefix.count), $0.value)
        })
    }
    let base = TensorDictionary(part("base.", "layer."))
    let config = try #require(
      try Golden.json("layers/cases.json")["adalora.conv2d"]?["config"]?.objectValue)
    let adapter = try AdapterFolder(
      configuration: AdapterConfiguration(config), tensors: part("state.", ""))
    let lora = try AdapterSource(adapter.shaped(by: base) { _ in false }).ordinaryLoRA(keeping: nil)
    let store = try VariableStore(base)
    let layer = try Convolution(
      store.root / "layer", in: 3, out: 4, ConvolutionGeometry(kernel: [3, 3], padding: .each([1, 1])))
    try AdaptedModel(store).load(lora)
    let y = try layer(#require(golden["input"]))
    #expect(try y.relativeError(to: #require(golden["output"])) < 1e-5)
  }
}
