import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// LN tuning beyond the golden values: which layers are meant.
struct LNTuningTests {
  private func model(_ family: String) throws -> (VariableStore, AdaptedModel) {
    let store = try VariableStore(seed: 1)
    for name in ["input_layernorm", "post_attention_layernorm", "norm", "ln_1", "ln_2", "ln_f"] {
      _ = try LayerNorm(store.root / "layers" / 0 / name, size: 4, eps: 1e-5)
    }
    _ = try Linear(store.root / "head", in: 4, out: 4)
    return (store, try AdaptedModel(store, traits: ModelTraits(modelType: family)))
  }

  @Test(
    arguments: [
      ("llama", ["input_layernorm", "post_attention_layernorm", "norm"]),
      ("qwen2", ["post_attention_layernorm"]),
      ("gpt2", ["ln_1", "ln_2", "ln_f"]),
      // A family without an entry of its own: every norm.
      ("homemade", ["input_layernorm", "post_attention_layernorm", "norm", "ln_1", "ln_2", "ln_f"]),
    ] as [(String, [String])])
  func usualLayersAreFound(family: String, names: [String]) throws {
    let (_, model) = try model(family)
    let report = try model.add(LNTuning())
    #expect(report.adapted == names.map { "layers.0.\($0)" })
    #expect(model.trainableCount == names.count * 8)
    #expect(model.parameters().allSatisfy { $0.name.contains(".ln_tuning_layers.") })
  }

  @Test func usualNamesAreThoseOfPEFT() throws {
    let table = try #require(try Golden.json("targeting.json")["default_targets"]?["LN_TUNING"]?.objectValue)
    // Families of vision models are named in full by whoever adapts them.
    for (family, names) in table where !["llava", "blip-2"].contains(family) {
      let expected = try #require(names.arrayValue).compactMap(\.stringValue)
      let store = try VariableStore()
      for name in expected { _ = try LayerNorm(store.root / name, size: 2, eps: 1e-5) }
      var method = LNTuning()
      try method.settle(for: ModelTraits(modelType: family), layers: store.layers)
      #expect(method.targeting.modules == .names(expected), "\(family)")
    }
  }

  @Test func mergingPutsTheTrainedLayerIn() throws {
    let (store, model) = try model("gpt2")
    try model.add(LNTuning(["target_modules": ["ln_f", "head"]]))
    try withoutGradients {
      for parameter in model.parameters() { try parameter.parameter.tensor.add_(.ones([])) }
    }
    let layer = try #require(store.layer(named: "layers.0.ln_f") as? LayerNorm)
    let x = try Tensor.randn([3, 4], generator: Generator(seed: 1))
    let adapted = try layer(x)
    try model.mergeAndUnload()
    #expect(try layer(x).isIdentical(to: adapted))
    #expect(try adapted.relativeError(to: layer.output(x, weight: layer.weight, bias: nil)) > 0.1)
  }

  @Test func aModelWithoutNormsHasToNameLayers() throws {
    let store = try VariableStore()
    _ = try Linear(store.root / "head", in: 2, out: 2)
    let error = try #require(throws: AdapterError.self) { try AdaptedModel(store).add(LNTuning()) }
    #expect(error.description.contains("no normalization layer"))
  }
}
