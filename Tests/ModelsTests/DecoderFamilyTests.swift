import Files
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

/// What transformers computes with decoders of the later families.
struct DecoderFamilyTests {
  static let names: [String] =
    (try? Folder.names(in: "\(Golden.folder)/decoders").filter {
      Folder.hasFile("\(folder($0))/expected.safetensors")
    }) ?? []

  static func folder(_ name: String) -> String { "\(Golden.folder)/decoders/\(name)" }

  private func causal(_ folder: String) throws -> any CausalLanguageModel {
    try #require(try PretrainedModel.load(folder: folder) as? any CausalLanguageModel)
  }

  private func expected(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(Self.folder(name))/expected.safetensors").allTensors()
  }

  @Test func thereIsOneForEveryFamily() throws {
    #expect(Self.names.count >= 20)
  }

  @Test(arguments: names)
  func rowsAreTransformers(name: String) throws {
    let (model, golden) = (try causal(Self.folder(name)), try expected(name))
    #expect(model.store.report.isClean)
    for row in 0..<3 {
      let ids = try #require(golden["row.\(row).input_ids"]).unsqueezed(0)
      let wanted = try #require(golden["row.\(row).logits"])
      let logits = try withoutGradients { try model.logits(ModelInput(ids: ids)).select(0, 0) }
      #expect(try logits.relativeError(to: wanted) < 1e-5, "row \(row)")
    }
  }

  @Test(arguments: names, ["right", "left"])
  func paddingOnEitherSideIsTransformers(name: String, side: String) throws {
    let (model, golden) = (try causal(Self.folder(name)), try expected(name))
    let mask = try #require(golden["\(side).attention_mask"]).to(dtype: .bool)
    var input = ModelInput(ids: try #require(golden["\(side).input_ids"]), attentionMask: mask)
    let logits = try withoutGradients { try model.logits(input).indexed([mask]) }
    #expect(try logits.relativeError(to: #require(golden["\(side).logits"])) < 1e-5)
    // Tokens in pieces through a cache see the same.
    let cache = model.makeCache()
    let width = input.ids.shape[1]
    let parts = try [0..<6, 6..<7, 7..<width].map { range in
      input.attentionMask = try mask.slice(1, range)
      input.ids = try #require(golden["\(side).input_ids"]).slice(1, range)
      return try withoutGradients { try model.head(model.hiddenStates(input, cache: cache)) }
    }
    let (whole, last) = (try #require(golden["\(side).logits"]), parts[2])
    var first = 0
    for (row, count) in try mask.to(dtype: .int64).sum([1]).array(of: Int.self).enumerated() {
      let end = (side == "left" ? width : count) - 7
      if end > 0 {
        let kept = min(count, end)
        let found = try last.select(0, row).slice(0, (end - kept)..<end)
        let wanted = try whole.slice(0, (first + count - kept)..<(first + count))
        #expect(try found.relativeError(to: wanted) < 1e-5, "row \(row)")
      }
      first += count
    }
  }

  @Test(arguments: names, [true, false])
  func greedyTextIsTransformers(name: String, cached: Bool) throws {
    let (model, golden) = (try causal(Self.folder(name)), try expected(name))
    let output: [Int] = try #require(golden["greedy.output"]).array()
    let cache = cached ? model.makeCache() : nil
    var seen = try #require(golden["greedy.prompt"]).array(of: Int.self)
    var next = seen
    for token in output {
      let input = try ModelInput(cached ? next : seen)
      let hidden = try withoutGradients { try model.hiddenStates(input, cache: cache) }
      // The reference suppresses the end-of-sequence token.
      let logits = try model.head(hidden.select(1, hidden.shape[1] - 1)).clone()
      try logits.select(1, 2).fill_(-.infinity)
      next = [try logits.argmax().item()]
      #expect(next == [token])
      seen.append(token)
    }
  }

  @Test(arguments: names)
  func aSavedModelIsTheSameFile(name: String) throws {
    let copy = try TemporaryModel(folder: Self.folder(name))
    let model = try PretrainedModel.load(folder: copy.folder, dtype: .bfloat16)
    try ModelWriter.save(model, to: "\(copy.folder)/first")
    let again = try PretrainedModel.load(folder: "\(copy.folder)/first")
    #expect(again.store.report.isClean)
    try ModelWriter.save(again, to: "\(copy.folder)/second")
    let original = try SafetensorsFile(path: "\(copy.folder)/model.safetensors").allTensors()
    let first = try SafetensorsFile(path: "\(copy.folder)/first/model.safetensors").allTensors()
    #expect(Set(first.keys) == Set(original.keys))
    for (key, tensor) in original { #expect(try #require(first[key]).isIdentical(to: tensor), "\(key)") }
    for file in ["model.safetensors", "config.json"] {
      #expect(
        try WholeFile.read("\(copy.folder)/first/\(file)") == WholeFile.read("\(copy.folder)/second/\(file)"))
    }
    var (raw, wanted) = (again.configuration.raw, model.configuration.raw)
    (raw["torch_dtype"], wanted["torch_dtype"], raw["dtype"], wanted["dtype"]) = (nil, nil, nil, nil)
    #expect(raw == wanted)
  }

  @Test(arguments: names)
  func headsOfOtherTasksRun(name: String) throws {
    let config = try ModelConfiguration(folder: Self.folder(name))
    for task in [ModelTask.sequenceClassification, .tokenClassification] {
      guard try ModelRegistry.tasks(of: config).contains(task) else {
        // transformers has no such class, so there is none here.
        #expect(name.hasPrefix("llama4"))
        #expect(throws: ModelError.self) { try PretrainedModel.load(folder: Self.folder(name), task: task) }
        continue
      }
      let model = try PretrainedModel.load(
        folder: Self.folder(name), task: task, labels: ClassLabels(count: 3))
      #expect(model.store.report.isClean)
      let ids = try Tensor([5, 9, 33, 12, 7, 0], shape: [2, 3])
      let mask = try Tensor([true, true, true, true, true, false]).reshaped([2, 3])
      let logits = try model.logits(ModelInput(ids: ids, attentionMask: mask))
      #expect(logits.shape == (task == .sequenceClassification ? [2, 3] : [2, 3, 3]))
      let alone = try model.logits(ModelInput([12, 7])).select(0, 0)
      let row = try logits.select(0, 1)
      #expect(
        try (task == .sequenceClassification ? row : row.slice(0, 0..<2)).relativeError(to: alone) < 1e-5)
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let model, key: String
    let value: JSONValue?
    let fragments: [String]
    var testDescription: String { "\(model), \(key)" }
  }

  static let mistakes: [Case] = [
    Case(model: "gemma", key: "hidden_activation", value: "gelu_ne", fragments: ["the closest is gelu_new"]),
    Case(model: "gemma2", key: "query_pre_attn_scalar", value: 0, fragments: ["must be above 0"]),
    Case(model: "gemma2", key: "attn_logit_softcapping", value: -1, fragments: ["must be above 0, or null"]),
    Case(
      model: "gemma3", key: "layer_types", value: ["sliding_attention", "chunked_attention"],
      fragments: ["chunked_attention is not supported", "the closest is"]),
    Case(
      model: "gemma3", key: "use_bidirectional_attention", value: true, fragments: ["the closest is false"]),
    Case(model: "gemma3-eyes", key: "text_config", value: nil, fragments: ["text_config is missing"]),
    Case(
      model: "phi3", key: "partial_rotary_factor", value: 0.4, fragments: ["partial_rotary_factor is 0.4"]),
    Case(model: "llama4", key: "no_rope_layers", value: [1, 0], fragments: ["each of the 3 layers"]),
    Case(model: "llama4", key: "layer_types", value: ["full_attention"], fragments: ["chunked_attention"]),
    Case(
      model: "llama4", key: "attention_chunk_size", value: .null, fragments: ["attention_chunk_size is null"]),
    Case(model: "llama4-tuned", key: "floor_scale", value: 0, fragments: ["floor_scale is 0"]),
    Case(
      model: "llama4", key: "num_local_experts", value: 5,
      fragments: ["experts.gate_up_proj is [4, 32, 24], the model needs [5, 32, 24]"]),
    Case(model: "phi3", key: "resid_pdrop", value: 1, fragments: ["resid_pdrop is 1"]),
    Case(model: "granite", key: "logits_scaling", value: 0, fragments: ["must not be 0"]),
    Case(model: "smollm3", key: "no_rope_layers", value: [1], fragments: ["each of the 2 layers"]),
    Case(
      model: "mixtral", key: "num_experts_per_tok", value: 5, fragments: ["at most num_local_experts (4)"]),
    Case(
      model: "mixtral", key: "num_local_experts", value: 5,
      fragments: ["experts.gate_up_proj is [4, 24, 32], the model needs [5, 24, 32]"]),
    Case(model: "qwen2_moe", key: "model_type", value: "qwen2_mo", fragments: ["the closest is qwen2_moe"]),
  ]

  @Test(arguments: mistakes)
  func aBadConfigurationIsNamed(_ bad: Case) throws {
    let copy = try TemporaryModel(folder: Self.folder(bad.model))
    try copy.configure([bad.key: bad.value])
    let error = try #require(throws: (any Error).self) { try PretrainedModel.load(folder: copy.folder) }
    for fragment in bad.fragments { #expect("\(error)".contains(fragment), "\(error)") }
    #expect("\(error)".contains(copy.folder) && !"\(error)".contains("\n"))
  }

  @Test func experts3DOnDiskAreTheSame() throws {
    let copy = try TemporaryModel(folder: Self.folder("mixtral"))
    let model = try causal(copy.folder)
    try copy.edit { tensors in
      tensors = try Dictionary(uniqueKeysWithValues: model.store.stateDict().map { ($0.name, $0.tensor) })
    }
    let again = try causal(copy.folder)
    #expect(again.store.report.isClean)
    #expect(try again.logits(ModelInput([5, 9, 3])).isIdentical(to: model.logits(ModelInput([5, 9, 3]))))
    try ModelWriter.save(again, to: "\(copy.folder)/out")
    let saved = try SafetensorsFile(path: "\(copy.folder)/out/model.safetensors").allTensors()
    #expect(saved["model.layers.0.mlp.experts.gate_up_proj"]?.shape == [4, 24, 32])
  }

  @Test func aMissingMatrixOfAnExpertIsNamed() throws {
    let copy = try TemporaryModel(folder: Self.folder("qwen3_moe"))
    try copy.edit { $0["model.layers.1.mlp.experts.2.up_proj.weight"] = nil }
    let error = try #require(throws: ModelError.self) { try PretrainedModel.load(folder: copy.folder) }
    #expect(error.description.contains("model.layers.1.mlp.experts.gate_up_proj"))
  }

  @Test func aBiasedRouterCostsMore() throws {
    let even = try Tensor.zeros([4, 4])
    #expect(abs(try routerImbalance([even], chosen: 2, mask: nil).item(of: Double.self) - 2) < 1e-6)
    let biased = try Tensor([9, 9, 0, 0] as [Float]).unsqueezed(0).expanded([4, 4])
    #expect(try routerImbalance([biased], chosen: 2, mask: nil).item(of: Double.self) > 3.9)
  }
}
