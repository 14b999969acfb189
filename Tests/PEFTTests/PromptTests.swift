import Configuration
import Files
import Foundation
import JSON
import Models
import NN
import Testing
import Torch

@testable import PEFT

/// What must hold for every method that learns what stands before texts.
struct PromptTests {
  static let methods = ["prompt-tuning", "p-tuning", "prefix-tuning"]
  static let variants: [(String, JSONObject)] = [
    ("prompt-tuning", [:]), ("p-tuning", [:]),
    ("p-tuning", ["encoder_reparameterization_type": "LSTM", "encoder_hidden_size": 6]),
    ("prefix-tuning", [:]),
    ("prefix-tuning", ["prefix_projection": true, "encoder_hidden_size": 6]),
  ]

  private func model(_ name: String = "llama") throws -> (
    model: any CausalLanguageModel, adapted: AdaptedModel
  ) {
    let model = try PretrainedModel.load(folder: "\(Golden.folder)/models/\(name)")
    return (
      try #require(model as? any CausalLanguageModel),
      try AdaptedModel(model.store, traits: ModelTraits(modelType: "llama"), seed: 7)
    )
  }

  private func add(
    _ method: String, _ fields: JSONObject = [:], to model: AdaptedModel, named name: String = "default"
  ) throws {
    var object: JSONObject = ["num_virtual_tokens": 3]
    for (key, value) in fields { object[key] = value }
    try model.add(MethodRegistry.method(named: method, object), named: name)
  }

  private func logits(_ model: any Model, _ input: ModelInput) throws -> Tensor {
    try withoutGradients { try model.logits(input) }
  }

  private let text = [5, 9, 33, 4, 21, 60]

  @Test(arguments: ["llama", "mistral", "rope-dynamic"])
  func aPromptIsSeenAsIfItsVectorsHadBeenInTheText(name: String) throws {
    let (model, adapted) = try model(name)
    try add("prompt-tuning", to: adapted)
    let vectors = adapted.parameters()[0].parameter.tensor
    let found = try logits(model, ModelInput(text))
    try adapted.activate([])
    let whole = try withoutGradients {
      try Tensor.cat([vectors.unsqueezed(0), model.embed(Tensor(text, shape: [1, text.count]))], dim: 1)
    }
    let input = ModelInput(ids: try .zeros([1, text.count + 3], dtype: .int64), embeddings: whole)
    let wanted = try logits(model, input).slice(1, from: 3)
    #expect(found.shape == wanted.shape)
    #expect(try found.relativeError(to: wanted) < 1e-5)
  }

  /// Padding on either side, and several texts packed into one row.
  @Test(arguments: variants, ["llama", "mistral"])
  func eachTextGetsWhatItGetsAlone(variant: (method: String, fields: JSONObject), base: String) throws {
    let (method, fields) = variant
    let (model, adapted) = try model(base)
    try add(method, fields, to: adapted)
    let (first, second) = (text, [7, 50, 3])
    let (alone, other) = (try logits(model, ModelInput(first)), try logits(model, ModelInput(second)))
    func table(_ rows: [[Int]]) throws -> Tensor {
      try Tensor(rows.flatMap(\.self), shape: [rows.count, rows[0].count])
    }
    func check(_ found: Tensor, _ wanted: Tensor) throws {
      #expect(try found.relativeError(to: wanted) < 1e-5)
    }

    let right = ModelInput(
      ids: try table([first, second + [0, 0, 0]]),
      attentionMask: try table([first.map { _ in 1 }, [1, 1, 1, 0, 0, 0]]).to(dtype: .bool))
    let afterwards = try logits(model, right)
    try check(afterwards.slice(0, 0..<1), alone)
    try check(afterwards.slice(0, from: 1).slice(1, 0..<3), other)

    let left = ModelInput(
      ids: try table([first, [0, 0, 0] + second]),
      attentionMask: try table([first.map { _ in 1 }, [0, 0, 0, 1, 1, 1]]).to(dtype: .bool),
      positions: try table([[0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 1, 2]]))
    let before = try logits(model, left)
    try check(before.slice(0, 0..<1), alone)
    try check(before.slice(0, from: 1).slice(1, from: 3), other)

    let packed = ModelInput(
      ids: try table([first + second]), positions: try table([[0, 1, 2, 3, 4, 5, 0, 1, 2]]),
      segments: try table([[0, 0, 0, 0, 0, 0, 1, 1, 1]]))
    let row = try logits(model, packed)
    try check(row.slice(1, 0..<6), alone)
    try check(row.slice(1, from: 6), other)
  }

  @Test(arguments: variants)
  func gradientCheckpointingChangesNothing(method: String, fields: JSONObject) throws {
    func gradients(_ checkpointing: Bool) throws -> [Tensor] {
      let (model, adapted) = try model()
      try add(method, fields, to: adapted)
      (model.store.mode.isTraining, model.store.mode.gradientCheckpointing) = (true, checkpointing)
      let input = try ModelInput(text)
      try model.nextTokenLoss(input, labels: input.ids).sum.backward()
      #expect(model.store.mode.gradientCheckpointing == checkpointing)
      return try adapted.trainableParameters.map { try #require($0.parameter.tensor.grad, "\($0.name)") }
    }
    let (plain, again) = (try gradients(false), try gradients(true))
    #expect(plain.count == again.count)
    for (one, other) in zip(plain, again) { #expect(try other.relativeError(to: one) < 1e-5) }
  }

  @Test(arguments: methods)
  func disablingAndDeletingGiveTheBase(method: String) throws {
    let (model, adapted) = try model()
    let input = try ModelInput(text)
    let base = try logits(model, input)
    try add(method, to: adapted)
    let prompted = try logits(model, input)
    #expect(try prompted.relativeError(to: base) > 0.01)
    let disabled = try adapted.withAdaptersDisabled { try logits(model, input) }
    #expect(try disabled.isIdentical(to: base))
    #expect(try logits(model, input).isIdentical(to: prompted))
    #expect(
      model.contextLength
        == (try PretrainedModel.load(folder: "\(Golden.folder)/models/llama") as? any CausalLanguageModel)?
        .contextLength.advanced(by: -3))
    try adapted.delete("default")
    #expect(try logits(model, input).isIdentical(to: base))
    #expect(adapted.parameters().isEmpty)
  }

  @Test(arguments: methods)
  func mergingIsRefusedWithTheReason(method: String) throws {
    let (_, adapted) = try model()
    try add(method, to: adapted)
    let error = try #require(throws: AdapterError.self) { try adapted.merge() }
    #expect(error.description.contains("no weight holds"))
    #expect(throws: AdapterError.self) { try adapted.mergeAndUnload() }
    #expect(adapted.names == ["default"])
  }

  @Test func aSecondPromptIsNotLoadedBesideTheFirst() throws {
    let (_, adapted) = try model()
    try adapted.load(folder: "\(Golden.folder)/adapters/prompt")
    let error = try #require(throws: AdapterError.self) {
      try adapted.load(folder: "\(Golden.folder)/adapters/prefix", named: "second")
    }
    #expect(error.description.contains("one can be active"))
    #expect(adapted.names == ["default"] && adapted.active == ["default"])
  }

  @Test(arguments: methods)
  func promptsAreManagedLikeAdapters(method: String) throws {
    let (model, adapted) = try model()
    let base = try logits(model, ModelInput(text))
    try add(method, to: adapted)
    try adapted.add(LoRA(["init_lora_weights": false]), named: "lora")
    try adapted.activate(["default"])
    let prompted = try logits(model, ModelInput(text))
    try adapted.rename("default", to: "prompt")
    #expect(try logits(model, ModelInput(text)).isIdentical(to: prompted))
    let status = try #require(adapted.status().adapters.first)
    #expect(status.name == "prompt" && status.active == .yes && status.trainable == .yes)
    #expect(status.parameters > 0 && status.parameters == status.trainableParameters)
    let rows = try #require(throws: AdapterError.self) {
      try adapted.withAdapters(byRow: ["prompt"]) { try logits(model, ModelInput(text)) }
    }
    #expect(rows.description.contains("stands before every row"))
    let bare = try adapted.withAdapters(byRow: [nil]) { try logits(model, ModelInput(text)) }
    #expect(try bare.isIdentical(to: base))
    let folder = try adapted.folder(of: "prompt")
    let swap = try #require(throws: AdapterError.self) { try adapted.swap("prompt", for: folder) }
    #expect(swap.description.contains("cannot be swapped"))
  }

  @Test func aPromptStandsBesideAdaptersButNotBesideAnother() throws {
    let (model, adapted) = try model()
    let input = try ModelInput(text)
    try add("prompt-tuning", to: adapted, named: "prompt")
    let alone = try logits(model, input)
    try adapted.add(LoRA(["init_lora_weights": false]), named: "lora")
    let lora = try logits(model, input)
    try adapted.activate(["prompt", "lora"])
    let both = try logits(model, input)
    #expect(try both.relativeError(to: alone) > 1e-3)
    #expect(try both.relativeError(to: lora) > 1e-3)
    let trained = Set(adapted.trainableParameters.map(\.name))
    #expect(trained.contains("prompt_embeddings") && trained.count > 1)
    try add("prefix-tuning", to: adapted, named: "prefix")
    let error = try #require(throws: AdapterError.self) { try adapted.activate(["prompt", "prefix"]) }
    #expect(error.description.contains("prompt and prefix are soft prompts, of which one can be active"))
    #expect(adapted.active == ["prefix"])
  }

  @Test(arguments: variants)
  func whatIsSavedCanBeTrainedOn(method: String, fields: JSONObject) throws {
    let folder = NSTemporaryDirectory() + "prompt-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (model, adapted) = try model()
    try add(method, fields, to: adapted)
    let before = try logits(model, ModelInput(text))
    try adapted.save(to: folder)
    let hasNetwork = adapted.parameters()[0].parameter.name != "prompt_embeddings"
    #expect(Folder.hasFile("\(folder)/prompt_encoder.safetensors") == hasNetwork)

    let (second, again) = try self.model()
    try again.load(folder: folder)
    #expect(again.parameters().map(\.name) == adapted.parameters().map(\.name))
    #expect(try logits(second, ModelInput(text)).isIdentical(to: before))

    // As PEFT has it, without the network: the prompt itself is what there is to train.
    if hasNetwork { try FileManager.default.removeItem(atPath: "\(folder)/prompt_encoder.safetensors") }
    let (third, encoded) = try self.model()
    try encoded.load(folder: folder)
    try encoded.setTrainable(true)
    #expect(encoded.trainableParameters.map(\.name) == ["prompt_embeddings"])
    #expect(try logits(third, ModelInput(text)).relativeError(to: before) < 1e-6)
  }

  @Test func aNetworkThatMakesAnotherPromptIsRefused() throws {
    let (_, adapted) = try model()
    try add("p-tuning", to: adapted)
    var folder = try adapted.folder()
    folder.tensors["prompt_embeddings"] = try #require(folder.tensors["prompt_embeddings"]) + 1
    let error = try #require(throws: AdapterError.self) { try self.model().adapted.load(folder) }
    #expect(error.description.contains("does not make the prompt"))
  }

  @Test func promptsCanBeginAsTokens() throws {
    let (model, adapted) = try model()
    var method = try PromptTuning([
      "num_virtual_tokens": 4, "prompt_tuning_init": "TEXT", "prompt_tuning_init_text": "a b c",
    ])
    let missing = try #require(throws: AdapterError.self) { try adapted.add(method) }
    #expect(missing.description.contains("set textIDs"))
    method.textIDs = [8, 9, 10]
    try adapted.add(method)
    let ids = try Tensor([8, 9, 10, 8], shape: [1, 4])
    let wanted = try withoutGradients { try model.embed(ids).select(0, 0) }
    #expect(try adapted.parameters()[0].parameter.tensor.isIdentical(to: wanted))

    try adapted.add(
      PromptTuning(["num_virtual_tokens": 5, "prompt_tuning_init": "SAMPLE_VOCAB"]), named: "drawn")
    let drawn = adapted.parameters(of: "drawn")[0].parameter.tensor
    let table = try withoutGradients { try model.embed(.arange(0, 64).unsqueezed(0)).select(0, 0) }
    for row in 0..<5 {
      let distances = try (table - drawn.select(0, row)).norm([1])
      #expect(try distances.min().item() == 0.0)
    }
  }

  @Test func aZeroPrefixStartsFromZeros() throws {
    for fields in [["init_weights": "zero"], ["init_weights": "zero", "prefix_projection": true]]
      as [JSONObject]
    {
      let (_, adapted) = try model()
      try add("prefix-tuning", fields, to: adapted)
      let table = try adapted.folder().tensors["prompt_embeddings"]
      #expect(try #require(table).abs().max().item() == 0.0)
    }
  }

  static let mistakes: [(String, JSONObject, String)] = [
    ("prompt-tuning", ["num_virtual_tokens": 0], "num_virtual_tokens is 0: must be from 1 to 1000000"),
    ("prompt-tuning", ["prompt_tuning_init": "TEXT"], "prompt_tuning_init_text is null: must be a text"),
    ("prompt-tuning", ["prompt_tuning_init": "TEXTS"], "must be one of RANDOM, TEXT, SAMPLE_VOCAB"),
    ("prompt-tuning", ["num_transformer_submodules": 3], "num_transformer_submodules is 3: must be 1, or 2"),
    ("p-tuning", ["encoder_num_layers": 0], "encoder_num_layers is 0: must be from 1 to 64"),
    ("p-tuning", ["encoder_hidden_size": -1], "encoder_hidden_size is -1: must be at least 1"),
    ("p-tuning", ["encoder_dropout": 1], "encoder_dropout is 1.0: must be at least 0 and below 1"),
    ("prefix-tuning", ["init_weights": "ones"], "init_weights is \"ones\": must be one of zero"),
  ]

  @Test(arguments: mistakes)
  func wrongFieldsAreNamed(method: String, fields: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      _ = try MethodRegistry.method(named: method, fields)
    }
    #expect(error.description.contains(message))
  }

  @Test(arguments: [("prompt-tuning", 33), ("p-tuning", 33), ("prefix-tuning", 32)])
  func aPromptForAnotherBaseIsRefused(method: String, size: Int) throws {
    let (_, adapted) = try model()
    let error = try #require(throws: AdapterError.self) {
      try add(method, ["token_dim": .int(size)], to: adapted)
    }
    #expect(error.description.contains("for another base, token_dim is \(size)"))
    #expect(adapted.names.isEmpty)
  }

  @Test func aModelThatReadsNoPromptsSaysSo() throws {
    let store = try VariableStore()
    _ = try Linear(store.root / "layer", in: 2, out: 2)
    let error = try #require(throws: AdapterError.self) { try AdaptedModel(store).add(PromptTuning()) }
    #expect(error.description.contains("reads no soft prompts"))
  }
}
