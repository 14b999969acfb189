import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// EDoRA and LoRA-XS by the formulas of their papers; see `Tests/Golden/make_edora.py`.
struct EDoRATests {
  static let variants = ["edora", "lora-xs"]

  private func layer(_ variant: String) throws -> (Linear, AdaptedModel, [String: Tensor]) {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/edora/\(variant).layer.safetensors").allTensors()
    let weights = try TensorDictionary([
      "layer.weight": #require(golden["base.weight"]), "layer.bias": #require(golden["base.bias"]),
    ])
    let store = try VariableStore(weights)
    let layer = try Linear(store.root / "layer", in: 6, out: 9, bias: true)
    return (layer, try AdaptedModel(store), golden)
  }

  private func method(_ variant: String, _ fields: JSONObject = [:]) throws -> any AdapterMethod {
    var object: JSONObject = ["r": 3, "lora_alpha": 6, "target_modules": ["layer"]]
    for (key, value) in fields { object[key] = value }
    return try MethodRegistry.method(named: variant, object)
  }

  @Test(arguments: variants)
  func outputGradientsAndMergeFollowThePaper(variant: String) throws {
    let (layer, model, golden) = try layer(variant)
    let tensors = golden.filter { $0.key.hasPrefix("state.") }
    try model.load(
      AdapterFolder(
        configuration: AdapterConfiguration(method(variant)),
        tensors: Dictionary(
          uniqueKeysWithValues: tensors.map {
            (AdaptedModel.key("layer", String($0.key.dropFirst(6))), $0.value)
          })))
    try model.setTrainable(true)
    let x = try #require(golden["input"]).clone().requireGrad()
    let output = try #require(golden["output"])
    let y = try layer(x)
    #expect(try y.relativeError(to: output) < 1e-6)
    try y.backward(golden["upstream"])
    for entry in model.trainableParameters {
      let name = entry.name.dropFirst(AdaptedModel.key("layer", "").count)
      let (mine, expected) = (
        try #require(entry.parameter.tensor.grad), try #require(golden["gradient.\(name)"])
      )
      #expect(try mine.relativeError(to: expected) < 1e-5, "\(name)")
    }
    #expect(model.trainableParameters.count == (variant == "edora" ? 2 : 1))
    // The merge keeps the trained magnitudes.
    try model.merge()
    let merged = try #require(golden["merged.weight"])
    #expect(try layer.weight.dense(.float32).relativeError(to: merged) < 1e-6)
  }

  @Test(arguments: variants)
  func theFrozenFactorsAreTheLeadingSingularPart(variant: String) throws {
    let (_, model, golden) = try layer(variant)
    try model.add(method(variant))
    let tensors = try model.folder(of: "default").tensors
    let a = try #require(tensors[AdaptedModel.key("layer", "lora_A.weight")])
    let b = try #require(tensors[AdaptedModel.key("layer", "lora_B.weight")])
    let (right, left) = (
      try #require(golden["state.lora_A.weight"]), try #require(golden["state.lora_B.weight"])
    )
    #expect(try b.mm(a).relativeError(to: left.mm(right)) < 1e-5)
    #expect(try b.t().mm(b).relativeError(to: .eye(3)) < 1e-5)
    #expect(model.trainableCount == 9 + (variant == "edora" ? 9 : 0))
  }

  @Test(arguments: ["svd", "random", "half_random"])
  func startsAreReproducible(start: String) throws {
    func factors() throws -> [Tensor] {
      let (_, model, _) = try layer("edora")
      try model.add(method("edora", ["init_edora_weights": .string(start)]))
      return try model.folder(of: "default").tensors.sorted { $0.key < $1.key }.map(\.value)
    }
    for (first, second) in try zip(factors(), factors()) { #expect(try first.isIdentical(to: second)) }
  }

  @Test(arguments: variants)
  func theOriginalLayoutLoadsAndFoldsAlike(variant: String) throws {
    let base = "\(Golden.folder)/edora/\(variant)"
    let own = try AdapterFolder(path: "\(base)/own")
    let original = try AdapterFolder(path: "\(base)/original")
    #expect(original.configuration.method is EDoRA)
    #expect(Set(original.tensors.keys) == Set(own.tensors.keys))
    for (key, tensor) in own.tensors { #expect(try #require(original.tensors[key]).isIdentical(to: tensor)) }
    let again = try own.originalEDoRA().recognizingOriginalEDoRA()
    #expect(Set(again.tensors.keys) == Set(own.tensors.keys))

    let (folded, expected) = (try own.foldedEDoRA(), try AdapterFolder(path: "\(base)/folded"))
    let lora = try #require(folded.configuration.method as? LoRA)
    #expect(lora.usesDoRA == (variant == "edora"))
    #expect(Set(folded.tensors.keys) == Set(expected.tensors.keys))
    for (key, tensor) in expected.tensors {
      #expect(try #require(folded.tensors[key]).relativeError(to: tensor) < 1e-6, "\(key)")
    }
    #expect(throws: AdapterError.self) { try folded.foldedEDoRA() }
  }

  @Test func ranksAboveTheSmallerSideAreRefused() throws {
    let (_, model, _) = try layer("edora")
    let error = #expect(throws: (any Error).self) { try model.add(method("edora", ["r": 7])) }
    #expect(error.map { "\($0)" }?.contains("r is 7: must be at most 6, the smaller side of layer") == true)
  }
}
