import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// LoRA on parameters that are no layers: against Hugging Face PEFT (see `Tests/Golden/make_layers.py`), and what holds
/// beside it.
struct ParameterTests {
  /// The fused weights of three experts, as in the golden values.
  private struct Experts {
    let store: VariableStore
    let gateUp, down: AdaptableParameter
    let model: AdaptedModel

    init(_ weights: [String: Tensor] = [:], isTransposed: Bool = false) throws {
      store = try VariableStore(weights.isEmpty ? nil : TensorDictionary(weights), seed: 3)
      let path = store.root / "layer"
      gateUp = try AdaptableParameter(path, "gate_up_proj", [3, 6, 10], isTransposed: isTransposed)
      down = try AdaptableParameter(path, "down_proj", [3, 5, 6], isTransposed: isTransposed)
      model = try AdaptedModel(store, seed: 5)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor {
      let parts = try x.bmm(gateUp()).chunked(2, dim: -1)
      return try (parts[1] * parts[0].sigmoid()).bmm(down())
    }

    func randomize() throws {
      let generator = try Generator(seed: 9)
      try withoutGradients {
        for entry in model.parameters() {
          try entry.parameter.tensor.add_(Tensor.randn(entry.parameter.tensor.shape, generator: generator))
        }
      }
    }
  }

  @Test(arguments: ["one-parameter", "two-parameters"])
  func everythingEqualsPEFT(name: String) throws {
    let path = "\(Golden.folder)/layers/\(name).experts.safetensors"
    let golden = try SafetensorsFile(path: path).allTensors()
    let weights = golden.filter { $0.key.hasPrefix("base.") }.map {
      ("layer.\($0.key.dropFirst(5))", $0.value)
    }
    let experts = try Experts(Dictionary(uniqueKeysWithValues: weights))
    let state = golden.filter { $0.key.hasPrefix("state.") }.map { (String($0.key.dropFirst(6)), $0.value) }
    let config = try #require(
      try Golden.json("layers/cases.json")["\(name).experts"]?["config"]?.objectValue)
    try experts.model.load(
      AdapterFolder(
        configuration: AdapterConfiguration(config), tensors: Dictionary(uniqueKeysWithValues: state)))
    try experts.model.setTrainable(true)
    let x = try #require(golden["input"]).clone().requireGrad()
    let y = try experts(x)
    #expect(try y.relativeError(to: #require(golden["output"])) < 1e-5)
    try y.backward(golden["upstream"])
    #expect(try #require(x.grad).relativeError(to: #require(golden["gradient.input"])) < 1e-5)
    #expect(experts.model.parameters().count == state.count)
    for entry in experts.model.parameters() {
      let expected = try #require(golden["gradient.\(entry.name)"], "\(entry.name)")
      #expect(try #require(entry.parameter.tensor.grad).relativeError(to: expected) < 1e-5, "\(entry.name)")
    }
    let saved = try experts.model.folder().tensors
    for (key, tensor) in state { #expect(try #require(saved[key]).isIdentical(to: tensor)) }
    try experts.model.merge()
    for (name, parameter) in [("gate_up_proj", experts.gateUp), ("down_proj", experts.down)] {
      let merged = try #require(golden["merged.\(name)"])
      #expect(try parameter.weight.dense(.float32).relativeError(to: merged) < 1e-5)
      let stored = try #require(try experts.store.weight(named: "layer.\(name)"))
      #expect(try stored.relativeError(to: merged) < 1e-5)
    }
    #expect(try experts(x).relativeError(to: #require(golden["merged.output"])) < 1e-5)
  }

  @Test func transposedExpertsHaveTheirInputsFirst() throws {
    let experts = try Experts(isTransposed: true)
    let x = try Tensor.randn([3, 4, 6], generator: Generator(seed: 1))
    let before = try experts(x)
    try experts.model.add(LoRA(["target_parameters": ["gate_up_proj", "layer.down_proj"], "r": 2]))
    #expect(try experts(x).isIdentical(to: before))
    let shapes = experts.model.parameters().map(\.parameter.tensor.shape)
    #expect(shapes == [[6, 6], [10, 6], [6, 5], [6, 6]])
    try experts.randomize()
    let y = try experts(x)
    #expect(try y.relativeError(to: before) > 0.01)
    try experts.model.merge()
    #expect(try experts(x).relativeError(to: y) < 1e-5)
    experts.model.unmerge()
    #expect(try experts(x).isIdentical(to: y))
    #expect(try experts.model.withAdaptersDisabled { try experts(x) }.isIdentical(to: before))
  }

  @Test func theWeightOfALayerIsAdaptedAsTheLayer() throws {
    let store = try VariableStore(seed: 1)
    _ = try Linear(store.root / "first", in: 4, out: 5)
    let parameter = try AdaptableParameter(store.root / "second", "table", [6, 4])
    let model = try AdaptedModel(store)
    try model.add(LoRA(["target_parameters": ["first.weight", "table"], "target_modules": [], "r": 2]))
    #expect(
      model.parameters().map(\.name) == [
        "base_model.model.first.lora_A.weight", "base_model.model.first.lora_B.weight",
        "base_model.model.second.lora_A.weight", "base_model.model.second.lora_B.weight",
      ])
    #expect(parameter.adapters.count == 1)
  }

  static let wrong: [(JSONObject, String)] = [
    (["target_parameters": ["down_prjo"]], "'down_prjo' matches no parameter (did you mean 'down_proj'?)"),
    (["target_modules": ["down_proj"]], "matches no layer"),
    (["target_parameters": ["norm.weight"]], "matches 'norm.weight', which is no matrix for linear maps"),
    (
      ["target_modules": ["other"], "modules_to_save": ["layer"]],
      "modules_to_save: 'layer' has the parameter 'layer.gate_up_proj', which is no layer"
    ),
  ]

  @Test(arguments: wrong)
  func whatCannotBeIsAnError(fields: JSONObject, message: String) throws {
    let experts = try Experts()
    _ = try Linear(experts.store.root / "other", in: 4, out: 4)
    _ = try RMSNorm(experts.store.root / "norm", size: 4, eps: 1e-6)
    let error = try #require(throws: AdapterError.self) { try experts.model.add(LoRA(fields)) }
    #expect(error.description.contains(message), "\(error)")
    #expect(experts.store.layers.allSatisfy { $0.adapters.isEmpty })
  }

  static let refused: [JSONObject] = [
    ["lora_dropout": 0.1], ["use_dora": true], ["lora_bias": true], ["alora_invocation_tokens": [1]],
  ]

  @Test(arguments: refused)
  func whatAParameterCannotHaveIsAnError(fields: JSONObject) {
    var object: JSONObject = ["target_parameters": ["down_proj"]]
    for (key, value) in fields { object[key] = value }
    #expect(throws: ConfigurationError.self) { try LoRA(object) }
  }

  @Test func aParameterHasTwoOrThreeDimensions() throws {
    let path = try VariableStore().root
    #expect(throws: TorchError.self) { try AdaptableParameter(path, "flat", [4]) }
    #expect(throws: TorchError.self) { try AdaptableParameter(path, "deep", [2, 2, 2, 2]) }
    #expect(throws: TorchError.self) { try AdaptableParameter(path, "turned", [2, 3], isTransposed: true) }
  }

  /// The norm of what is added is that of all experts, whatever the order of the factors in the file.
  @Test func theFileSaysHowMuchIsAdded() throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/layers/two-parameters.experts.safetensors")
      .allTensors()
    let config = try #require(
      try Golden.json("layers/cases.json")["two-parameters.experts"]?["config"]?.objectValue)
    let state = golden.filter { $0.key.hasPrefix("state.") }.map { (String($0.key.dropFirst(6)), $0.value) }
    let adapter = try AdapterFolder(
      configuration: AdapterConfiguration(config), tensors: Dictionary(uniqueKeysWithValues: state))
    let updates = try adapter.factors().updates
    #expect(updates.map(\.rank) == [2, 2] && updates.map(\.experts) == [3, 3])
    let added = try ["gate_up_proj", "down_proj"].map { name -> Double in
      let change = try #require(golden["merged.\(name)"]) - #require(golden["base.\(name)"])
      return try change.to(dtype: .float64).norm().item()
    }
    for (update, norm) in zip(updates, [added[1], added[0]]) {
      #expect(try abs(update.norm() - norm) < 1e-4 * norm)
    }
    let error = try #require(throws: AdapterError.self) { try adapter.updates() }
    #expect(error.description.contains("target_parameters"))
  }
}
