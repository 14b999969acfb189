import Configuration
import JSON
import Models
import NN
import Testing
import Torch

@testable import PEFT

/// An adapter that waits for its invocation tokens.
struct ActivatedLoRATests {
  private func adapted() throws -> (any CausalLanguageModel, AdaptedModel) {
    let model = try PretrainedModel.load(folder: "\(Golden.folder)/models/llama")
    let adapted = try AdaptedModel(model.store)
    try adapted.load(folder: "\(Golden.folder)/adapters/alora")
    return (try #require(model as? any CausalLanguageModel), adapted)
  }

  @Test func tokensBeforeTheInvocationAreTheBases() throws {
    let (model, adapted) = try adapted()
    let input = try ModelInput([3, 9, 22, 7, 11, 30, 2])
    let (y, base) = (
      try model.logits(input), try adapted.withAdaptersDisabled { try model.logits(input) }
    )
    #expect(try y.slice(1, 0..<3).isIdentical(to: base.slice(1, 0..<3)))
    #expect(try y.slice(1, from: 3).relativeError(to: base.slice(1, from: 3)) > 0.01)
  }

  @Test func aCacheChangesNothing() throws {
    let (model, _) = try adapted()
    let tokens = [3, 9, 22, 7, 11, 30, 2, 18]
    try withoutGradients {
      let whole = try model.logits(ModelInput(tokens))
      for cut in [1, 3, 4, 5, 7] {
        let cache = model.makeCache()
        _ = try model.hiddenStates(ModelInput(Array(tokens[..<cut])), cache: cache)
        let rest = try model.head(model.hiddenStates(ModelInput(Array(tokens[cut...])), cache: cache))
        // The invocation's first token is known for one only when the second is there.
        guard cut != 4 else { continue }
        #expect(try rest.relativeError(to: whole.slice(1, from: cut)) < 1e-5, "\(cut)")
      }
    }
  }

  @Test func rowsWithAdaptersOfTheirOwnAreToldApart() throws {
    let (model, adapted) = try adapted()
    let tokens = [3, 9, 22, 7, 11, 30, 3, 7, 11, 2, 4, 18, 5, 7, 11, 1, 2, 3]
    let input = ModelInput(ids: try Tensor(tokens, shape: [3, 6]))
    let (y, base) = (
      try model.logits(input), try adapted.withAdaptersDisabled { try model.logits(input) }
    )
    model.store.mode.rowAdapters = RowAdapters(["default", nil, "default"])
    let mixed = try model.logits(input)
    model.store.mode.rowAdapters = nil
    for (row, expected) in [y, base, y].enumerated() {
      #expect(try mixed.select(0, row).relativeError(to: expected.select(0, row)) < 1e-5, "\(row)")
    }
  }

  @Test func recomputationUsesItsOwnPass() throws {
    func gradients(checkpointing: Bool) throws -> [Tensor] {
      let (model, adapted) = try adapted()
      try adapted.setTrainable(true)
      model.store.mode.isTraining = true
      model.store.mode.gradientCheckpointing = checkpointing
      let loss = try model.logits(ModelInput([3, 7, 11, 30])).square().sum()
      // Another pass comes between, with no invocation.
      _ = try withoutGradients { try model.logits(ModelInput([1, 2])) }
      try loss.backward()
      return try adapted.trainableParameters.map { try #require($0.parameter.tensor.grad) }
    }
    for (first, second) in try zip(gradients(checkpointing: true), gradients(checkpointing: false)) {
      #expect(try first.relativeError(to: second) < 1e-5)
      #expect(try second.norm().item(of: Double.self) > 0)
    }
  }

  @Test func itCannotBeMergedAndNothingChanges() throws {
    let (model, adapted) = try adapted()
    let input = try ModelInput([3, 7, 11, 30])
    let before = try model.logits(input)
    let error = try #require(throws: AdapterError.self) { try adapted.merge() }
    #expect(error.description.contains("acts on some tokens only and cannot be merged"))
    #expect(try model.logits(input).isIdentical(to: before))
  }

  @Test func aLayerThatGetsOtherRowsIsAnError() throws {
    let store = try VariableStore(seed: 1)
    let layer = try Linear(store.root / "layer", in: 4, out: 4)
    try AdaptedModel(store).add(LoRA(["target_modules": ["layer"], "alora_invocation_tokens": [1]]))
    let error = try #require(throws: AdapterError.self) { try layer(.zeros([1, 3, 4])) }
    #expect(error.description.contains("layer does not get every token of its text"))
  }

  static let invalid: [JSONObject] = [
    ["use_dora": true], ["bias": "all"], ["init_lora_weights": "pissa"], ["alora_invocation_tokens": [-1]],
  ]

  @Test(arguments: invalid)
  func whatItCannotBeCombinedWithIsAnError(fields: JSONObject) {
    var object: JSONObject = ["alora_invocation_tokens": [1, 2]]
    for (key, value) in fields { object[key] = value }
    #expect(throws: ConfigurationError.self) { try LoRA(object) }
  }

  @Test func aStackIsAskedFor() throws {
    let model = try PretrainedModel.load(folder: "\(Golden.folder)/models/llama")
    let adapted = try AdaptedModel(model.store)
    let error = try #require(throws: AdapterError.self) {
      try adapted.load(folder: "\(Golden.folder)/adapters/replication")
    }
    #expect(error.description.contains("layer_replication is [[0, 2], [1, 2]], but the model has the layers"))
  }

  private func folder(_ tokens: [Int]?) throws -> AdapterFolder {
    var folder = try AdapterFolder(path: "\(Golden.folder)/adapters/alora")
    var method = try #require(folder.configuration.method as? LoRA)
    method.invocationTokens = tokens
    folder.configuration.method = method
    return folder
  }

  /// Sums act from where their terms do.
  @Test(arguments: [Combination.Kind.cat, .svd])
  func thoseThatWaitForTheSameTokensCombine(kind: Combination.Kind) throws {
    let (model, adapted) = try adapted()
    let input = try ModelInput([3, 9, 22, 7, 11, 30, 2])
    let y = try model.logits(input)
    var options = Combination()
    (options.kind, options.weights) = (kind, [0.25, 0.75])
    let source = AdapterSource(try AdapterFolder(path: "\(Golden.folder)/adapters/alora"))
    let combined = try Combiner(options).combine([source, source])
    try adapted.delete("default")
    try adapted.load(combined)
    #expect(try model.logits(input).relativeError(to: y) < 1e-5)
  }

  @Test(arguments: [nil, [], [7]])
  func thoseThatWaitForOthersDoNot(tokens: [Int]?) throws {
    let sources = try [
      AdapterSource(AdapterFolder(path: "\(Golden.folder)/adapters/alora")), AdapterSource(folder(tokens)),
    ]
    let error = try #require(throws: AdapterError.self) { try Combiner(Combination()).combine(sources) }
    #expect(error.description.hasPrefix("adapter 2: alora_invocation_tokens is"))
  }

  @Test(arguments: [nil, Truncation.rank(2)])
  func noOrdinaryLoRAStandsForIt(truncation: Truncation?) throws {
    let source = AdapterSource(try AdapterFolder(path: "\(Golden.folder)/adapters/alora"))
    let error = try #require(throws: AdapterError.self) { try source.ordinaryLoRA(keeping: truncation) }
    #expect(error.description.contains("some tokens only"))
  }

  @Test(arguments: AdapterFormat.written.filter { $0 != .peft && $0 != .edora })
  func otherLayoutsHaveNoPlaceForIt(format: AdapterFormat) throws {
    let adapter = try AdapterFolder(path: "\(Golden.folder)/adapters/alora")
    let error = try #require(throws: AdapterError.self) { try PortableAdapter(adapter, for: format) }
    #expect(error.description.contains("no place in the layout \(format.rawValue)"))
  }

  /// In an encoder every token sees those behind it, but only those from the invocation on are changed themselves.
  @Test func encodersKnowTheirTokens() throws {
    let model = try PretrainedModel.load(
      folder: "\(Golden.folder)/encoders/bert-tokens", task: .tokenClassification)
    let adapted = try AdaptedModel(model.store, traits: ModelTraits())
    try adapted.add(
      LoRA([
        "target_modules": ["encoder.layer.1.output.dense"], "alora_invocation_tokens": [7, 11],
        "init_lora_weights": false,
      ]))
    for (tokens, start) in [([3, 9, 7, 11, 4], 2), ([3, 9, 11, 7, 4], nil)] as [([Int], Int?)] {
      let input = try ModelInput(tokens)
      let y = try model.logits(input)
      let base = try adapted.withAdaptersDisabled { try model.logits(input) }
      let before = try (y - base).abs().slice(1, 0..<(start ?? tokens.count))
      #expect(try before.max().item(of: Float.self) < 1e-6)
      guard let start else { continue }
      #expect(try y.slice(1, from: start).relativeError(to: base.slice(1, from: start)) > 0.01)
    }
  }

  /// Neither padding nor what only the first token needs is left out before an adapter that goes by places.
  @Test func paddedTextsInAnEncoderAreTheSameAlone() throws {
    let model = try PretrainedModel.load(
      folder: "\(Golden.folder)/encoders/bert", task: .sequenceClassification)
    let adapted = try AdaptedModel(model.store, traits: ModelTraits())
    try adapted.add(
      LoRA([
        "target_modules": ["query", "output.dense"], "alora_invocation_tokens": [7],
        "init_lora_weights": false,
      ]))
    let texts = [[3, 7, 11, 4, 5], [7, 9, 2]]
    let ids = try Tensor(texts[0] + texts[1] + [0, 0], shape: [2, 5])
    let mask = try ids.notEqual(0)
    let together = try model.logits(ModelInput(ids: ids, attentionMask: mask))
    for (row, text) in texts.enumerated() {
      let alone = try model.logits(ModelInput(text))
      #expect(try together.select(0, row).relativeError(to: alone.select(0, 0)) < 1e-5)
      let base = try adapted.withAdaptersDisabled { try model.logits(ModelInput(text)) }
      #expect(try alone.relativeError(to: base) > 1e-4)
    }
  }

  @Test func aPooledLayerIsRefused() throws {
    let model = try PretrainedModel.load(
      folder: "\(Golden.folder)/encoders/bert", task: .sequenceClassification)
    let adapted = try AdaptedModel(model.store, traits: ModelTraits())
    try adapted.add(LoRA(["target_modules": ["pooler.dense"], "alora_invocation_tokens": [7]]))
    let error = try #require(throws: AdapterError.self) { try model.logits(ModelInput([3, 7, 4])) }
    #expect(error.description.contains("pooler.dense does not get every token"))
  }
}
