import Configuration
import JSON
import Models
import NN
import Testing
import Torch

@testable import PEFT

/// Bottleneck adapters by their formula, and where they are put.
struct BottleneckTests {
  private func layer(_ fields: JSONObject) throws -> (Linear, AdaptedModel) {
    let store = try VariableStore(seed: 1)
    let layer = try Linear(store.root / "layer", in: 6, out: 8, bias: true)
    let model = try AdaptedModel(store, seed: 3)
    var object: JSONObject = ["target_modules": ["layer"], "init_bottleneck_weights": "near_identity"]
    for (key, value) in fields { object[key] = value }
    try model.add(Bottleneck(object))
    return (layer, model)
  }

  @Test(arguments: [false, true], Activation.allCases)
  func theOutputFollowsTheFormula(parallel: Bool, activation: Activation) throws {
    let (layer, model) = try layer([
      "parallel": .bool(parallel), "bottleneck_size": 3, "scaling": 0.5, "init_sigma": 0.4,
      "non_linearity": .string(activation.rawValue),
    ])
    let tensors = Dictionary(
      uniqueKeysWithValues: model.parameters().map { ($0.parameter.name, $0.parameter.tensor) })
    let tensor = { (name: String) in try #require(tensors["bottleneck_\(name)"]) }
    try withoutGradients {
      _ = try tensor("down.bias").uniform_(-1, 1, generator: Generator(seed: 4))
      _ = try tensor("up.bias").uniform_(-1, 1, generator: Generator(seed: 5))
    }
    #expect(try tensor("down.weight").shape == [3, parallel ? 6 : 8])
    let x = try Tensor.randn([2, 5, 6], generator: Generator(seed: 6))
    let y = try layer.baseOutput(x)
    let inner = try activation((parallel ? x : y).matmul(tensor("down.weight").t()) + tensor("down.bias"))
    let expected = try y + (inner.matmul(tensor("up.weight").t()) + tensor("up.bias")) * 0.5
    #expect(try layer(x).relativeError(to: expected) < 1e-6)
  }

  @Test(
    arguments: [
      ([:], 1), (["reduction_factor": 2], 4), (["reduction_factor": 3], 2), (["bottleneck_size": 5], 5),
    ]
      as [(JSONObject, Int)])
  func theSizeIsGivenOrDivided(fields: JSONObject, size: Int) throws {
    let (_, model) = try layer(fields)
    #expect(model.parameters()[0].parameter.tensor.shape == [size, 8])
  }

  @Test(
    arguments: [
      ("houlsby", 4, ["self_attn.o_proj", "mlp.down_proj"]), ("pfeiffer", 2, ["mlp.down_proj"]),
    ] as [(String, Int, [String])])
  func placementsStandAfterTheParts(placement: String, count: Int, ends: [String]) throws {
    let model = try PretrainedModel.load(folder: "\(Golden.folder)/models/llama")
    let adapted = try AdaptedModel(model.store, traits: ModelTraits(modelType: "llama"))
    let fields: JSONObject = [
      "placement": .string(placement), "bottleneck_size": 4, "non_linearity": "gelu",
    ]
    let report = try adapted.add(Bottleneck(fields))
    #expect(report.adapted.count == count)
    #expect(report.adapted.allSatisfy { name in ends.contains(where: name.hasSuffix) })
    let input = try ModelInput([1, 5, 9])
    let before = try adapted.withAdaptersDisabled { try model.logits(input) }
    #expect(try model.logits(input).isIdentical(to: before))
    try model.logits(input).square().sum().backward()
    // With up at zero, only up learns at first.
    let gradients = adapted.trainableParameters.map { ($0.name, $0.parameter.tensor.grad) }
    for (name, gradient) in gradients where name.contains("bottleneck_up.weight") {
      #expect(try #require(gradient).norm().item() > 0, "\(name)")
    }
  }

  @Test(arguments: [("bert", "pfeiffer", 1), ("bert", "houlsby", 2)])
  func bertsTwoOutputsAreToldApart(family: String, placement: String, count: Int) throws {
    let store = try VariableStore()
    let block = store.root / "bert" / "encoder" / "layer" / 0
    _ = try Linear(block / "attention" / "output" / "dense", in: 4, out: 4)
    _ = try Linear(block / "intermediate" / "dense", in: 4, out: 8)
    _ = try Linear(block / "output" / "dense", in: 8, out: 4)
    let model = try AdaptedModel(store, traits: ModelTraits(modelType: family))
    let report = try model.add(Bottleneck(["placement": .string(placement)]))
    #expect(report.adapted.count == count && report.adapted.last == "bert.encoder.layer.0.output.dense")
  }

  @Test func dropoutActsInTrainingOnly() throws {
    let (layer, model) = try layer(["dropout": 0.5, "init_sigma": 1, "bottleneck_size": 8])
    let x = try Tensor.randn([4, 6], generator: Generator(seed: 6))
    let calm = try layer(x)
    #expect(try layer(x).isIdentical(to: calm))
    model.store.mode.isTraining = true
    #expect(try layer(x).relativeError(to: calm) > 1e-3)
  }

  static let mistakes: [(JSONObject, String)] = [
    (["bottleneck_size": 0], "bottleneck_size is 0: must be at least 1"),
    (["reduction_factor": 0], "reduction_factor is 0.0: must be above 0"),
    (["dropout": 1], "dropout is 1.0: must be at least 0 and below 1"),
    (["init_sigma": -1], "init_sigma is -1.0: must not be negative"),
    (["placement": "pfeifer"], "placement is \"pfeifer\": must be one of houlsby, pfeiffer"),
    (["non_linearity": "step"], "non_linearity is \"step\": must be one of"),
  ]

  @Test(arguments: mistakes)
  func wrongFieldsAreNamed(fields: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { _ = try Bottleneck(fields) }
    #expect(error.description.contains(message))
  }
}
