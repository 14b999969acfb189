import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// BitFit: all biases and nothing else, in a file of our own.
struct BitFitTests {
  private func model() throws -> (first: Linear, norm: LayerNorm, model: AdaptedModel) {
    let store = try VariableStore(seed: 1)
    let first = try Linear(store.root / "first", in: 3, out: 4, bias: true)
    let norm = try LayerNorm(store.root / "norm", size: 4, eps: 1e-5)
    _ = try Linear(store.root / "last", in: 4, out: 2)
    return (first, norm, try AdaptedModel(store))
  }

  @Test func everyBiasIsTrainedAndSaved() throws {
    let (first, norm, model) = try model()
    let report = try model.add(BitFit())
    #expect(report.adapted == ["first", "norm"])
    #expect(model.trainableCount == 8)
    let x = try Tensor.randn([5, 3], generator: Generator(seed: 2))
    try norm(first(x)).square().sum().backward()
    #expect(model.trainableParameters.allSatisfy { $0.parameter.tensor.grad != nil })
    try withoutGradients {
      for parameter in model.parameters() { try parameter.parameter.tensor.add_(.ones([])) }
    }
    #expect(try first(x).relativeError(to: first.baseOutput(x) + 1) < 1e-6)
    let saved = try model.folder()
    #expect(saved.tensors.keys.sorted() == ["base_model.model.first.bias", "base_model.model.norm.bias"])
    #expect(saved.configuration.json["peft_type"] == "BITFIT")
    let (second, _, other) = try self.model()
    try other.load(saved)
    #expect(try second(x).isIdentical(to: first(x)))
    try other.merge()
    #expect(try second(x).relativeError(to: first(x)) < 1e-6)
  }

  @Test func layersWithoutBiasAreRefusedByName() throws {
    let (_, _, model) = try model()
    let error = try #require(throws: AdapterError.self) {
      try model.add(BitFit(["target_modules": ["first", "last"]]))
    }
    #expect(error.description == "'last' has no bias to train: leave it out of target_modules")
    #expect(model.names.isEmpty)
  }

  @Test func aModelWithoutBiasesIsRefused() throws {
    let store = try VariableStore()
    _ = try Linear(store.root / "layer", in: 2, out: 2)
    let error = try #require(throws: AdapterError.self) { try AdaptedModel(store).add(BitFit()) }
    #expect(error.description.contains("no layer of the model has a bias"))
  }
}
