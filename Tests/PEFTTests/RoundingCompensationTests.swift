import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Factors that make up for a base whose weights were rounded.
struct RoundingCompensationTests {
  /// The weights of the stack before rounding, and the stack with rounded ones and a LoRA of rank 4.
  private func rounded(_ fields: JSONObject = [:]) throws -> (originals: TensorDictionary, stack: Stack) {
    let stack = try Stack()
    var originals: [String: Tensor] = [:]
    for layer in stack.store.layers {
      let parameter = try #require(stack.store.parameter(named: "\(layer.name).weight"))
      originals[parameter.name] = try parameter.tensor.clone()
      parameter.tensor = try NF4().rounded(parameter.tensor)
    }
    var object: JSONObject = ["r": 4, "lora_alpha": 6, "target_modules": "all-linear"]
    for (key, value) in fields { object[key] = value }
    try stack.model.add(LoRA(object))
    return (TensorDictionary(originals), stack)
  }

  @Test func theUpdateIsTheBestOfItsRank() throws {
    let (originals, stack) = try rounded()
    let x = try Stack.batch(0)
    let (right, before) = (try Stack()(x), try stack(x))
    #expect(try stack.model.compensateRounding(originals: originals) == ["first", "second", "third"])
    #expect(try stack(x).relativeError(to: right) < 0.6 * before.relativeError(to: right))
    for layer in stack.store.layers {
      let lost = try layer.matrix(originals.tensor(named: "\(layer.name).weight")) - layer.untouchedMatrix()
      let (a, b) = try stack.factors(layer.name)
      let rest: Float = try (lost - b.mm(a) * 1.5).norm().item()
      let values = try lost.singularValues().array(of: Float.self)
      let best = values.dropFirst(4).reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(rest - best) < 1e-4 * (1 + best))
    }
  }

  @Test func layersThatDoNotGainArePutBack() throws {
    let (originals, stack) = try rounded()
    let before = try stack.factors("second")
    let kept = (try before.a.clone(), try before.b.clone())
    #expect(
      try stack.model.compensateRounding(originals: originals) { $0 != "second" } == ["first", "third"])
    let after = try stack.factors("second")
    #expect(try after.a.isIdentical(to: kept.0) && after.b.isIdentical(to: kept.1))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    for fields in [["use_dora": true], ["init_lora_weights": "pissa"]] as [JSONObject] {
      let (originals, stack) = try rounded(fields)
      #expect(throws: AdapterError.self) { try stack.model.compensateRounding(originals: originals) }
    }
    for fields in [["lora_alpha": 0], ["r": 9]] as [JSONObject] {
      let (originals, stack) = try rounded(fields)
      #expect(throws: ConfigurationError.self) { try stack.model.compensateRounding(originals: originals) }
    }
    let (_, stack) = try rounded()
    let wrong = TensorDictionary(["first.weight": try .zeros([2, 2])])
    let error = try #require(throws: AdapterError.self) {
      try stack.model.compensateRounding(originals: wrong)
    }
    #expect(error.description.hasPrefix("first.weight is [2, 2] in the originals and [14, 10] in the base"))
    #expect(throws: AdapterError.self) {
      try stack.model.compensateRounding(of: "other", originals: wrong)
    }
  }
}
