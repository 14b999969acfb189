import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// DoRA with layers that train their magnitude alone.
struct MagnitudeOnlyTests {
  private static let fields: JSONObject = [
    "r": 2, "use_dora": true, "target_modules": ["first"], "magnitude_only_modules": ["second", "third"],
  ]

  private func adapted(_ fields: JSONObject = fields) throws -> Stack {
    let stack = try Stack()
    try stack.model.add(LoRA(fields))
    return stack
  }

  private func randomize(_ stack: Stack) throws {
    let generator = try Generator(seed: 6)
    try withoutGradients {
      for entry in stack.model.parameters() {
        try entry.parameter.tensor.add_(
          Tensor.randn(entry.parameter.tensor.shape, generator: generator) * 0.2)
      }
    }
  }

  @Test func theyHaveAMagnitudeAndNothingElse() throws {
    let stack = try adapted()
    let names = stack.model.parameters().map { $0.name.dropFirst(AdaptedModel.keyPrefix.count) }
    #expect(
      names == [
        "first.lora_A.weight", "first.lora_B.weight", "first.lora_magnitude_vector",
        "second.lora_magnitude_vector", "third.lora_magnitude_vector",
      ])
    #expect(stack.model.parameters().suffix(2).map { $0.parameter.tensor.shape } == [[8], [12]])
    let x = try Stack.batch(0)
    #expect(try stack(x).relativeError(to: Stack()(x)) < 1e-6)
  }

  @Test func outputsAreThoseOfScaledRows() throws {
    let stack = try adapted([
      "r": 2, "use_dora": true, "target_modules": ["first"], "magnitude_only_modules": ["third"],
    ])
    let layer = try #require(stack.store.layer(named: "third") as? Linear)
    let magnitude = try #require(stack.model.parameters().last).parameter.tensor
    try withoutGradients { _ = try magnitude.mul_(Tensor((1...12).map { Float($0) / 4 })) }
    let x = try Tensor.randn([5, 8], generator: Generator(seed: 1))
    let weight = try layer.untouchedMatrix()
    let scaled = try weight * (magnitude.detached() / weight.norm([1])).unsqueezed(1)
    let right = try x.linear(scaled, bias: layer.bias?.tensor)
    #expect(try layer(x).relativeError(to: right) < 1e-6)
    try stack.model.merge()
    #expect(try layer.weight.dense(.float32).relativeError(to: scaled) < 1e-6)
  }

  @Test func mergingSavingAndDeletingKeepWhatTheyShould() throws {
    let folder = try TemporaryFolder()
    let stack = try adapted()
    let x = try Stack.batch(0)
    try randomize(stack)
    let output = try stack(x)
    try stack.model.merge()
    #expect(try stack(x).relativeError(to: output) < 1e-5)
    stack.model.unmerge()
    try stack.model.save(to: folder.path)
    let again = try Stack()
    try again.model.load(folder: folder.path)
    #expect(try again(x).isIdentical(to: output))
    try stack.model.delete("default")
    #expect(try stack(x).isIdentical(to: Stack()(x)))
  }

  @Test func gradientsOfFusedAndComposedOutputsAgree() throws {
    func gradients(composed: Bool) throws -> [Tensor] {
      let stack = try adapted()
      try randomize(stack)
      if composed {
        for layer in stack.store.layers {
          let entry = try #require(layer.slot["default"])
          layer.slot.insert(LayerProbe(), named: "nothing", isActive: true)
          layer.slot.insert(entry.adapter, named: "default", isActive: true)
        }
      }
      try stack(Stack.batch(1)).square().sum().backward()
      return try stack.model.trainableParameters.map { try #require($0.parameter.tensor.grad) }
    }
    let (fused, composed) = (try gradients(composed: false), try gradients(composed: true))
    #expect(fused.count == 5)
    for (one, other) in zip(fused, composed) { #expect(try one.relativeError(to: other) < 2e-5) }
  }

  @Test(arguments: [true, "pissa"] as [JSONValue])
  func aPlainDoRAHasTheSameOutput(initialization: JSONValue) throws {
    var fields = Self.fields
    fields["init_lora_weights"] = initialization
    let stack = try adapted(fields)
    try randomize(stack)
    let x = try Stack.batch(0)
    let folder = try TemporaryFolder()
    #expect(throws: AdapterError.self) { try stack.model.folder(of: "default").ordinaryLoRA() }
    try stack.model.save(to: folder.path, asOrdinaryLoRA: true)
    let plain = try AdapterFolder(path: folder.path)
    #expect(plain.configuration.json["magnitude_only_modules"] == nil)
    #expect(plain.configuration.json["target_modules"] == ["first", "second", "third"])
    #expect(plain.tensors.count == 9)
    let again = try Stack()
    try again.model.load(plain)
    #expect(try again(x).relativeError(to: stack(x)) < 1e-5)
  }

  @Test func dataDrivenStartsLeaveThemOut() throws {
    var fields = Self.fields
    fields["init_lora_weights"] = "eva"
    let stack = try Stack()
    try stack.model.add(LoRA(fields), calibration: stack.calibration)
    #expect(stack.model.parameters().count == 5)
  }

  @Test func mistakesAreNamed() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try LoRA(["magnitude_only_modules": ["third"]])
    }
    #expect(error.description.hasSuffix("needs use_dora"))
    var fields = Self.fields
    fields["magnitude_only_modules"] = ["thrid"]
    let miss = try #require(throws: AdapterError.self) { try adapted(fields) }
    #expect(miss.description.contains("magnitude_only_modules 'thrid' (did you mean 'third'?)"))
    // The key is written only where it says something.
    #expect(AdapterConfiguration(LoRA()).json["magnitude_only_modules"] == nil)
    #expect(
      AdapterConfiguration(try LoRA(Self.fields)).json["magnitude_only_modules"] == ["second", "third"])
  }
}
