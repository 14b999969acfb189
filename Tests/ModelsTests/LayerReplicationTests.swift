import JSON
import NN
import Testing
import Torch

@testable import Models

/// Models that are stacked from the layers of a checkpoint.
struct LayerReplicationTests {
  private func load(_ name: String, stacking ranges: [[Int]]? = nil) throws -> any Model {
    try PretrainedModel.load(folder: Golden.model(name), stacking: ranges)
  }
  /// A family whose layers can be repeated.
  private var family: ModelFamily {
    get throws { try #require(ModelRegistry.families.first { $0.modelType == "llama" }) }
  }
  private let input = try? ModelInput([5, 9, 33, 12])

  @Test func layersShareTheirWeights() throws {
    let (plain, deep) = (try load("llama"), try load("llama", stacking: [[0, 2], [1, 2], [0, 1]]))
    #expect(deep.store.parameterCount == plain.store.parameterCount)
    let weights = ["0", "1", "2", "3"].map {
      deep.store.layer(named: "model.layers.\($0).mlp.up_proj")?.weight
    }
    #expect(weights[1] === weights[2] && weights[0] === weights[3] && weights[0] !== weights[1])
    #expect(try deep.configuration.size("num_hidden_layers") == 4)
    let input = try #require(input)
    #expect(try deep.logits(input).relativeError(to: plain.logits(input)) > 0.01)
  }

  @Test(arguments: ["llama", "qwen2"])
  func everyLayerOnceIsTheModelItself(name: String) throws {
    let (plain, same) = (try load(name), try load(name, stacking: [[0, 1], [1, 2]]))
    let input = try #require(input)
    #expect(try same.logits(input).isIdentical(to: plain.logits(input)))
  }

  @Test func aSavedStackIsAModelOfItsOwn() throws {
    let copy = try TemporaryModel("qwen2")
    let deep = try PretrainedModel.load(folder: copy.folder, stacking: [[1, 2], [0, 2]])
    try ModelWriter.save(deep, to: "\(copy.folder)/out")
    let again = try PretrainedModel.load(folder: "\(copy.folder)/out")
    #expect(again.store.report.isClean)
    let input = try #require(input)
    #expect(try again.logits(input).isIdentical(to: deep.logits(input)))
    let names = try deep.store.stateDict().map(\.name)
    #expect(Set(names).count == names.count && names.contains("model.layers.2.mlp.up_proj.weight"))
  }

  /// Whether the base is rounded while it is loaded or comes so from its folder: layers share what is kept of it, and a
  /// saved stack has it under each name.
  @Test(arguments: QuantizationFormat.allCases)
  func quantizedLayersAreSharedAndSavedUnderEachName(format: QuantizationFormat) throws {
    let copy = try TemporaryModel("llama")
    let (input, ranges) = (try #require(input), [[1, 2], [0, 2]])
    let quantization = try Quantization(format, blockSize: format.isGrouped ? -1 : nil)
    let rounded = try PretrainedModel.load(folder: copy.folder, quantization: quantization)
    try ModelWriter.save(rounded, to: "\(copy.folder)/small", keepsQuantized: true)
    let deep = try PretrainedModel.load(folder: copy.folder, quantization: quantization, stacking: ranges)
    let stored = try PretrainedModel.load(folder: "\(copy.folder)/small", stacking: ranges)
    let logits = try deep.logits(input)
    #expect(try stored.logits(input).isIdentical(to: logits))
    for (index, model) in [deep, stored].enumerated() {
      #expect(model.store.report.isClean)
      #expect(model.store.byteCount == rounded.store.byteCount)
      let weights = ["0", "1", "2"].map { model.store.layer(named: "model.layers.\($0).mlp.up_proj")?.weight }
      #expect(weights[0] is any QuantizedWeight && weights[0] === weights[2] && weights[0] !== weights[1])
      let names = try model.store.stateDict().map(\.name)
      #expect(Set(names).count == names.count && names.contains("model.layers.2.mlp.up_proj.weight"))
      for keeps in [true, false] {
        let folder = "\(copy.folder)/out-\(index)-\(keeps)"
        try ModelWriter.save(model, to: folder, keepsQuantized: keeps)
        let again = try PretrainedModel.load(folder: folder)
        #expect(again.store.report.isClean && again.store.quantizedWeights.isEmpty == !keeps)
        #expect(try again.logits(input).relativeError(to: logits) <= (keeps ? 0 : 1e-4))
      }
    }
  }

  @Test func whatIsSaidOfEachLayerIsStackedToo() throws {
    var config = ModelConfiguration([
      "model_type": "qwen2", "num_hidden_layers": 3, "layer_types": ["a", "b", "c"], "eos_token_id": [1, 2],
    ])
    var stacked = try LayerReplication([[1, 3], [0, 2]], of: config, try family).applied(to: config)
    #expect(stacked.raw["layer_types"] == ["b", "c", "a", "b"])
    #expect(stacked.raw["eos_token_id"] == [1, 2] && stacked.raw["num_hidden_layers"] == 4)
    config = ModelConfiguration(["num_hidden_layers": 2, "use_sliding_window": true, "max_window_layers": 1])
    stacked = try LayerReplication([[1, 2], [0, 2]], of: config, try family).applied(to: config)
    #expect(stacked.raw["layer_types"] == ["sliding_attention", "full_attention", "sliding_attention"])
  }

  @Test func namesAreThoseOfTheCheckpoint() throws {
    let stack = try LayerReplication(
      [[0, 2], [1, 2]], of: ModelConfiguration(["num_hidden_layers": 2]), try family)
    #expect(stack.origin(of: "model.layers.2.mlp.up_proj.weight") == "model.layers.1.mlp.up_proj.weight")
    #expect(stack.origin(of: "model.layers.7.weight") == "model.layers.7.weight")
    #expect(stack.origin(of: "lm_head.weight") == "lm_head.weight")
  }

  @Test(arguments: ["sequences/t5", "sequences/bart", "encoders/albert", "encoders/modernbert"])
  func aFamilyWhoseLayersAreNotAlikeEverywhereSaysSo(name: String) throws {
    let error = try #require(throws: ModelError.self) {
      try PretrainedModel.load(folder: "\(Golden.folder)/\(name)", stacking: [[0, 1], [0, 2]])
    }
    #expect(error.description.contains("layer_replication") && error.description.contains("model_type"))
  }

  @Test(arguments: [[[0, 3]], [[1, 1]], [[-1, 1]], [[0, 1, 2]], [[0]], [], [[]]])
  func rangesThatCannotBeAreErrors(ranges: [[Int]]) {
    #expect(throws: ModelError.self) { try load("llama", stacking: ranges) }
  }
}
