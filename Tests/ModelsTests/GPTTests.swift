import Files
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

/// Decoders of the GPT kind against what transformers computes with the same checkpoints.
struct GPTTests {
  static let names: [String] =
    (try? Folder.names(in: "\(Golden.folder)/gpt").filter { Folder.exists("\(folder($0))") }) ?? []

  static func folder(_ name: String) -> String { "\(Golden.folder)/gpt/\(name)" }

  private func load(_ folder: String) throws -> any CausalLanguageModel {
    try #require(try PretrainedModel.load(folder: folder) as? any CausalLanguageModel)
  }

  private func expected(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(Self.folder(name))/expected.safetensors").allTensors()
  }

  private func rows(_ expected: [String: Tensor]) throws -> [(ids: [Int], logits: Tensor)] {
    try (0..<3).map { row in
      (
        try #require(expected["row.\(row).input_ids"]).array(),
        try #require(expected["row.\(row).logits"])
      )
    }
  }

  /// The rows as one batch, padded on one side, and the mask of it.
  private func batch(_ rows: [[Int]], left: Bool) throws -> ModelInput {
    let width = rows.map(\.count).max() ?? 0
    func padded<Value>(_ row: [Value], _ filler: Value) -> [Value] {
      let gap = Array(repeating: filler, count: width - row.count)
      return left ? gap + row : row + gap
    }
    return ModelInput(
      ids: try Tensor(rows.flatMap { padded($0, 0) }, shape: [rows.count, width]),
      attentionMask: try Tensor(
        rows.flatMap { padded($0.map { _ in true }, false) }, shape: [rows.count, width]))
  }

  @Test func everyFamilyHasReferenceValues() throws {
    #expect(Self.names.count >= 20)
    let types = try Self.names.map { try ModelConfiguration(folder: Self.folder($0)).modelType }
    let kinds = [
      "gpt2", "gpt_neox", "gptj", "opt", "bloom", "falcon", "phi", "gpt_bigcode", "starcoder2", "codegen",
      "stablelm", "baichuan",
    ]
    #expect(Set(types) == Set(kinds))
  }

  @Test(arguments: names)
  func logitsAgreeWhereverThePaddingIs(name: String) throws {
    let model = try load(Self.folder(name))
    #expect(model.store.report.isClean)
    let rows = try rows(expected(name))
    for (ids, logits) in rows {
      #expect(try model.logits(ModelInput(ids)).select(0, 0).relativeError(to: logits) < 1e-5)
    }
    for left in [true, false] {
      let input = try batch(rows.map(\.ids), left: left)
      let found = try model.logits(input)
      for (row, (_, logits)) in rows.enumerated() {
        let real = try #require(input.attentionMask).select(0, row)
        #expect(try found.select(0, row).indexed([real]).relativeError(to: logits) < 1e-5)
      }
    }
  }

  @Test(arguments: names)
  func greedyTextAgreesWithAndWithoutACache(name: String) throws {
    let model = try load(Self.folder(name))
    let expected = try expected(name)
    let prompt: [Int] = try #require(expected["greedy.prompt"]).array()
    let output: [Int] = try #require(expected["greedy.output"]).array()
    let cache = model.makeCache()
    var (all, new) = (prompt, prompt)
    for token in output {
      let (steps, whole) = try withoutGradients {
        (
          try model.hiddenStates(ModelInput(new), cache: cache),
          try model.hiddenStates(ModelInput(all), cache: nil)
        )
      }
      for hidden in [steps, whole] {
        // The reference suppresses the end of the text.
        let logits = try model.head(hidden.select(1, hidden.shape[1] - 1)).clone()
        try logits.select(1, 2).fill_(-.infinity)
        #expect(try logits.argmax(-1).item(of: Int.self) == token)
      }
      new = [token]
      all.append(token)
    }
  }

  /// What follows a batch that is padded on the left, by one token and by several, is what follows each text alone.
  @Test(arguments: names)
  func aCacheKnowsThePadding(name: String) throws {
    let model = try load(Self.folder(name))
    let texts = try rows(expected(name)).map(\.ids)
    let next = [9, 30, 11]
    let cache = model.makeCache()
    _ = try model.hiddenStates(batch(texts, left: true), cache: cache)
    let first = try model.hiddenStates(ModelInput(ids: Tensor(next, shape: [3, 1])), cache: cache)
    let more = try model.hiddenStates(
      ModelInput(ids: Tensor([5, 6, 7, 8, 9, 10], shape: [3, 2])), cache: cache)
    let found = try Tensor.cat([first, more], dim: 1)
    for (row, text) in texts.enumerated() {
      let whole = text + [next[row], 5 + 2 * row, 6 + 2 * row]
      let alone = try model.hiddenStates(ModelInput(whole), cache: nil).slice(1, from: text.count)
      #expect(try found.slice(0, row..<(row + 1)).relativeError(to: alone) < 1e-5)
    }
  }

  /// A file that this library wrote is one that it reads, and has the names that transformers writes.
  @Test(arguments: names)
  func whatIsSavedIsTheSameAgain(name: String) throws {
    let copy = try TemporaryModel(folder: Self.folder(name))
    let model = try load(copy.folder)
    try ModelWriter.save(model, to: "\(copy.folder)/first")
    let again = try load("\(copy.folder)/first")
    #expect(again.store.report.isClean)
    try ModelWriter.save(again, to: "\(copy.folder)/second")
    for file in ["model.safetensors", "config.json"] {
      let (first, second) = (
        try WholeFile.read("\(copy.folder)/first/\(file)"),
        try WholeFile.read("\(copy.folder)/second/\(file)")
      )
      #expect(first == second)
    }
    let (before, after) = (
      try SafetensorsFile(path: "\(copy.folder)/model.safetensors").allTensors(),
      try SafetensorsFile(path: "\(copy.folder)/first/model.safetensors").allTensors()
    )
    for (key, tensor) in after {
      let old = try #require(before[key] ?? before[String(key.drop { $0 != "." }.dropFirst())], "\(key)")
      #expect(try tensor.isIdentical(to: old.to(dtype: .float32)), "\(key)")
    }
  }

  @Test(arguments: names, ["text", "tokens"])
  func classifiersAgree(name: String, kind: String) throws {
    let expected = try expected(name)
    let task: ModelTask = kind == "text" ? .sequenceClassification : .tokenClassification
    let config = try ModelConfiguration(folder: Self.folder(name))
    guard let weight = expected["\(kind).weight"] else {
      // transformers has no such class, so there is none here.
      #expect(throws: ModelError.self) { try ModelRegistry.family(of: config).task(config, asked: task) }
      return
    }
    let copy = try TemporaryModel(folder: Self.folder(name))
    try copy.configure(["pad_token_id": 0])
    let model = try PretrainedModel.load(folder: copy.folder, task: task, labels: ClassLabels(count: 3))
    #expect(model.store.report.isClean)
    let head = try #require(model.headNames.first)
    try #require(model.store.parameter(named: "\(head).weight")).tensor.copy_(weight)
    if let bias = expected["\(kind).bias"] {
      try #require(model.store.parameter(named: "\(head).bias")).tensor.copy_(bias)
    }
    let texts = try rows(expected).map(\.ids)
    let logits = try #require(expected["\(kind).logits"])
    if kind == "tokens" {
      #expect(try model.logits(ModelInput(texts[1])).relativeError(to: logits) < 1e-5)
      return
    }
    for left in [true, false] {
      #expect(try model.logits(batch(texts, left: left)).relativeError(to: logits) < 1e-5)
    }
  }

  @Test(arguments: ["gpt2", "bloom", "falcon-7b", "opt", "stablelm"])
  func layersCanBeStacked(name: String) throws {
    let ranges = [[0, 2], [1, 2]]
    let (plain, deep) = (
      try load(Self.folder(name)),
      try #require(
        PretrainedModel.load(folder: Self.folder(name), stacking: ranges) as? any CausalLanguageModel)
    )
    #expect(deep.store.parameterCount == plain.store.parameterCount)
    let input = try ModelInput([5, 9, 33, 12])
    #expect(try deep.logits(input).relativeError(to: plain.logits(input)) > 0.01)
    let copy = try TemporaryModel(folder: Self.folder(name))
    try ModelWriter.save(deep, to: "\(copy.folder)/deep")
    #expect(try load("\(copy.folder)/deep").logits(input).isIdentical(to: deep.logits(input)))
  }

  /// GPT-2's weights lie the other way round, but not when they are quantized.
  @Test(arguments: QuantizationFormat.allCases)
  func aQuantizedModelIsWrittenAsItIsAndDense(format: QuantizationFormat) throws {
    let copy = try TemporaryModel(folder: Self.folder("gpt2"))
    let input = try ModelInput([5, 9, 33, 12])
    let quantization = try Quantization(format, blockSize: format == .awq || format == .gptq ? -1 : nil)
    let model = try PretrainedModel.load(folder: copy.folder, quantization: quantization)
    #expect(model.store.quantizedWeights.count == 8)
    let logits = try model.logits(input)
    #expect(try logits.relativeError(to: load(copy.folder).logits(input)) < 0.5)
    let layer = try #require(model.store.layer(named: "transformer.h.0.attn.c_attn"))
    #expect(layer.kind == .linear(inputs: 32, outputs: 96) && layer.weight.shape == [96, 32])
    for keeps in [true, false] {
      let folder = "\(copy.folder)/\(keeps)"
      try ModelWriter.save(model, to: folder, keepsQuantized: keeps)
      let again = try PretrainedModel.load(folder: folder)
      #expect(again.store.report.isClean && again.store.quantizedWeights.isEmpty == !keeps)
      #expect(try again.logits(input).relativeError(to: logits) <= (keeps ? 0 : 1e-4))
      #expect(again.store.layer(named: layer.name)?.weight.shape == (keeps ? [96, 32] : [32, 96]))
    }
  }

  @Test func dropoutIsForTrainingOnly() throws {
    let copy = try TemporaryModel(folder: Self.folder("gpt2"))
    let input = try ModelInput([5, 9, 33, 12])
    let plain = try load(copy.folder).logits(input)
    for key in ["attn_pdrop", "embd_pdrop", "resid_pdrop"] {
      try copy.configure(["attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0])
      try copy.configure([key: 0.5])
      let model = try load(copy.folder)
      #expect(try model.logits(input).isIdentical(to: plain))
      model.store.mode.isTraining = true
      #expect(try model.logits(input).relativeError(to: plain) > 0.01, "\(key)")
    }
  }
}

/// Decoders of the GPT kind that cannot be.
struct BadGPTTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name, key: String
    let value: JSONValue?
    let fragments: [String]
    var testDescription: String { "\(name).\(key)" }
  }

  static let cases: [Case] = [
    Case(name: "gpt2", key: "n_embd", value: nil, fragments: ["hidden_size is missing"]),
    Case(name: "gpt2", key: "n_head", value: 5, fragments: ["n_embd is 32", "number of heads (5)"]),
    Case(name: "gpt2", key: "n_layer", value: 0, fragments: ["n_layer is 0"]),
    Case(name: "gpt2", key: "n_positions", value: 16, fragments: ["transformer.wpe.weight is [48, 32]"]),
    Case(name: "gpt2", key: "resid_pdrop", value: 1.5, fragments: ["resid_pdrop is 1.5"]),
    Case(
      name: "gpt2", key: "activation_function", value: "gelu_nw", fragments: ["the closest is gelu_new"]),
    Case(
      name: "gpt2", key: "add_cross_attention", value: true,
      fragments: ["add_cross_attention is true", "not supported"]),
    Case(name: "gpt2", key: "model_type", value: "gpt22", fragments: ["the closest is gpt2"]),
    Case(
      name: "gpt-neox", key: "rotary_pct", value: 0.9, fragments: ["partial_rotary_factor", "even number"]),
    Case(name: "gptj", key: "rotary_dim", value: 20, fragments: ["rotary_dim is 20", "size of a head (8)"]),
    Case(name: "codegen", key: "n_head", value: 2, fragments: ["n_head is 2", "multiple of 4"]),
    Case(
      name: "opt", key: "layer_norm_elementwise_affine", value: false,
      fragments: ["layer_norm_elementwise_affine is false"]),
    Case(name: "falcon-40b", key: "num_kv_heads", value: 3, fragments: ["num_kv_heads is 3", "must divide"]),
    Case(name: "falcon-40b", key: "parallel_attn", value: false, fragments: ["parallel_attn is false"]),
    Case(
      name: "falcon-7b", key: "num_ln_in_parallel_attn", value: 2,
      fragments: ["num_ln_in_parallel_attn is 2"]),
    Case(name: "starcoder2", key: "sliding_window", value: 0, fragments: ["sliding_window is 0"]),
    Case(name: "phi", key: "num_key_value_heads", value: 3, fragments: ["num_key_value_heads is 3"]),
    Case(
      name: "baichuan-7b", key: "vocab_size", value: 125696,
      fragments: ["Baichuan 2", "the closest is Baichuan"]),
  ]

  @Test(arguments: cases)
  func aBadConfigurationIsNamed(_ bad: Case) throws {
    let copy = try TemporaryModel(folder: GPTTests.folder(bad.name))
    try copy.configure([bad.key: bad.value])
    let error = try #require(throws: ModelError.self) { try PretrainedModel.load(folder: copy.folder) }
    for fragment in bad.fragments { #expect(error.description.contains(fragment), "\(error)") }
  }

  @Test(arguments: ["gpt2", "opt"])
  func aTextThatIsTooLongIsNamed(name: String) throws {
    let model = try PretrainedModel.load(folder: GPTTests.folder(name))
    let error = try #require(throws: ModelError.self) {
      try model.logits(ModelInput(Array(repeating: 5, count: 49)))
    }
    #expect(error.description.contains("49 tokens, in the input: the model has positions for 48"))
  }
}
