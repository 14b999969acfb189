import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// (IA)^3 beyond the golden values: which layers are meant, where the vector stands, and what is refused.
struct IA3Tests {
  private static let defaults = (try? Golden.json("targeting.json"))?["default_targets"]

  @Test func usualModulesAreThoseOfPEFT() throws {
    let (all, inner) = (try #require(Self.defaults?["IA3"]), try #require(Self.defaults?["IA3_FEEDFORWARD"]))
    for (family, names) in try #require(all.objectValue) {
      let usual = try #require(IA3.usualTargets(of: family), "\(family)")
      #expect(usual.all == names.arrayValue?.compactMap(\.stringValue), "\(family)")
      #expect(usual.feedForward == inner[family]?.arrayValue?.compactMap(\.stringValue), "\(family)")
    }
  }

  @Test func inputsAreScaledInFeedForwardModulesOnly() throws {
    let store = try VariableStore(seed: 1)
    let first = try Linear(store.root / "first", in: 3, out: 4, bias: true)
    let second = try TransposedLinear(store.root / "second", in: 4, out: 2)
    let model = try AdaptedModel(store)
    let fields: JSONObject = ["target_modules": ["first", "second"], "feedforward_modules": ["second"]]
    try model.add(IA3(fields))
    let shapes = model.parameters().map(\.parameter.tensor.shape)
    #expect(shapes == [[4, 1], [1, 4]])
    let x = try Tensor.randn([5, 3], generator: Generator(seed: 2))
    let (before, middle) = (try first.baseOutput(x), try Tensor([Float](arrayLiteral: 2, 3, 4, 5)))
    try withoutGradients {
      for parameter in model.parameters() {
        try parameter.parameter.tensor.copy_(middle.reshaped(parameter.parameter.tensor.shape))
      }
    }
    #expect(try first(x).relativeError(to: before * middle) < 1e-6)
    #expect(try second(before).relativeError(to: second.baseOutput(before * middle)) < 1e-6)
  }

  @Test func aRandomStartIsNoIdentity() throws {
    let store = try VariableStore(seed: 1)
    let layer = try Linear(store.root / "layer", in: 3, out: 4)
    try AdaptedModel(store).add(IA3(["target_modules": ["layer"], "init_ia3_weights": false]))
    let x = try Tensor.ones([1, 3])
    #expect(try layer(x).relativeError(to: layer.baseOutput(x)) > 0.1)
  }

  static let mistakes: [(JSONObject, String)] = [
    (
      ["target_modules": ["k_proj"], "feedforward_modules": ["down_proj"]],
      "feedforward_modules is 'down_proj': must be among target_modules"
    ),
    (["feedforward_modules": 3], "feedforward_modules is 3: must be a list of names"),
    (["init_ia3_weights": "yes"], "init_ia3_weights is \"yes\": must be true or false"),
  ]

  @Test(arguments: mistakes)
  func wrongFieldsAreNamed(fields: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { _ = try IA3(fields) }
    #expect(error.description.contains(message))
  }

  @Test func aModelOfAnUnknownFamilyHasToNameModules() throws {
    let store = try VariableStore()
    _ = try Linear(store.root / "layer", in: 3, out: 4)
    let error = try #require(throws: AdapterError.self) { try AdaptedModel(store).add(IA3()) }
    #expect(error.description.contains("target_modules is not set"))
  }

  @Test func embeddingsAreRefused() throws {
    let store = try VariableStore()
    _ = try Embedding(store.root / "table", entries: 3, size: 4)
    let error = try #require(throws: AdapterError.self) {
      try AdaptedModel(store).add(IA3(["target_modules": ["table"]]))
    }
    #expect(error.description.contains("cannot adapt"))
  }
}
