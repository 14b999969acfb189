import Configuration
import JSON
import Models
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Soft prompts as PEFT saves and runs them; see `Tests/Golden/make_adapters.py` and `make_prompts.py`.
struct PromptGoldenTests {
  static let adapters = ["prompt", "p-tuning", "p-tuning-lstm", "prefix", "prefix-projection"]
  private static let table = (try? Golden.json("prompts/cases.json"))?["cases"]?.objectValue ?? JSONObject()
  static let cases = table.keys

  private func load(_ model: String, _ folder: String, task: ModelTask = .causalLM) throws -> (
    model: any Model, adapted: AdaptedModel
  ) {
    let model = try PretrainedModel.load(
      folder: "\(Golden.folder)/models/\(model)", task: task,
      labels: task == .causalLM ? nil : ClassLabels(count: 3))
    let adapted = try AdaptedModel(model.store, traits: ModelTraits(taskType: nil))
    let report = try adapted.load(folder: "\(Golden.folder)/\(folder)")
    #expect(report.unknownFields.isEmpty)
    return (model, adapted)
  }

  /// A padded batch; PEFT's rows of virtual tokens come first, here they are left out.
  @Test(arguments: adapters)
  func batchesEqualPEFTs(name: String) throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/adapters/\(name)/expected.safetensors")
      .allTensors()
    let (model, _) = try load("llama", "adapters/\(name)")
    let (ids, mask) = (try #require(golden["input_ids"]), try #require(golden["attention_mask"]))
    let wanted = try #require(golden["logits"])
    let input = ModelInput(ids: ids, attentionMask: try mask.to(dtype: .bool))
    let logits = try withoutGradients { try model.logits(input) }
    let kept = try mask.to(dtype: .float32).unsqueezed(-1)
    let real = try wanted.slice(1, from: wanted.shape[1] - ids.shape[1])
    #expect(try (logits * kept).relativeError(to: real * kept) < 1e-5)
  }

  /// A new prompt trains as much as PEFT's: the network where there is one.
  @Test(arguments: adapters)
  func newPromptsHaveAsManyParametersAsPEFTs(name: String) throws {
    let count = try Golden.json("adapters/cases.json")[name]?["trainable_parameters"]?.intValue
    let model = try PretrainedModel.load(folder: "\(Golden.folder)/models/llama")
    let adapted = try AdaptedModel(model.store)
    let file = try JSONValue.parse(contentsOf: "\(Golden.folder)/adapters/\(name)/adapter_config.json")
    try adapted.add(AdapterConfiguration(#require(file.objectValue)).method)
    #expect(adapted.trainableCount == count)
  }

  @Test(arguments: adapters.map { "adapters/\($0)" } + cases.map { "prompts/\($0)" })
  func savingALoadedPromptChangesNoByte(folder: String) throws {
    let isClassifier = folder.contains("classifier")
    let name = folder.hasPrefix("prompts/") ? String(folder.dropFirst(8)) : ""
    let (_, adapted) = try load(
      Self.table[name]?["model"]?.stringValue ?? "llama", folder,
      task: isClassifier ? .sequenceClassification : .causalLM)
    let saved = try adapted.folder()
    let path = "\(Golden.folder)/\(folder)"
    let written = try JSONValue.parse(contentsOf: "\(path)/adapter_config.json")
    #expect(saved.configuration.text == written.serialized(indent: 2, sortedKeys: true))
    let original = try SafetensorsFile(path: "\(path)/adapter_model.safetensors").allTensors()
    #expect(Set(saved.tensors.keys) == Set(original.keys) && saved.encoder.isEmpty)
    for (key, tensor) in saved.tensors {
      #expect(try tensor.isIdentical(to: #require(original[key])), "\(key)")
    }
  }

  /// Windows, half precision, other families, classifiers; each row alone.
  @Test(arguments: cases)
  func rowsEqualPEFTs(name: String) throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/prompts/\(name)/expected.safetensors")
      .allTensors()
    let (model, _) = try load(
      #require(Self.table[name]?["model"]?.stringValue), "prompts/\(name)",
      task: name.hasPrefix("classifier") ? .sequenceClassification : .causalLM)
    for row in 0..<3 {
      let ids = try #require(golden["row.\(row).input_ids"]).unsqueezed(0)
      let wanted = try #require(golden["row.\(row).logits"])
      let logits = try withoutGradients { try model.logits(ModelInput(ids: ids)).select(0, 0) }
      #expect(
        try logits.to(dtype: .float32).relativeError(to: wanted) < (name.contains("bf16") ? 2e-2 : 1e-5))
    }
  }

  /// Every token of a row is a label: behind learned tokens the first counts, behind learned keys it does not.
  @Test(arguments: cases.filter { !$0.hasPrefix("classifier") })
  func lossesEqualPEFTs(name: String) throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/prompts/\(name)/expected.safetensors")
      .allTensors()
    let (model, _) = try load(#require(Self.table[name]?["model"]?.stringValue), "prompts/\(name)")
    let language = try #require(model as? any CausalLanguageModel)
    for row in 0..<3 {
      let ids = try #require(golden["row.\(row).input_ids"]).unsqueezed(0)
      let wanted: Double = try #require(golden["row.\(row).loss"]).to(dtype: .float64).item()
      let (sum, count) = try withoutGradients {
        try language.nextTokenLoss(ModelInput(ids: ids), labels: ids)
      }
      #expect(count == ids.count - (name.hasSuffix("prefix") ? 1 : 0))
      // Of one token behind learned keys PEFT takes the mean of nothing.
      guard count > 0 else { continue }
      let loss: Double = try sum.to(dtype: .float64).item() / Double(count)
      #expect(abs(loss - wanted) < (name.contains("bf16") ? 2e-2 : 1e-5) * wanted, "row \(row)")
    }
  }

  /// Several texts in a row follow the prompt each.
  @Test(arguments: ["mistral-prompt", "mistral-prefix", "qwen2-prompt"])
  func packedRowsHaveTheSameLoss(name: String) throws {
    let (model, _) = try load(#require(Self.table[name]?["model"]?.stringValue), "prompts/\(name)")
    let language = try #require(model as? any CausalLanguageModel)
    let texts = [[3, 9, 22, 7], [11, 30, 2], [5, 6, 8, 1, 4]]
    let isLed = name.hasSuffix("prompt")
    func loss(_ texts: [[Int]]) throws -> Double {
      let ids = texts.flatMap(\.self)
      var input = try ModelInput(ids)
      if texts.count > 1 {
        let places = texts.flatMap { Array($0.indices) }
        input.positions = try Tensor(places, shape: [1, ids.count])
        input.segments = try Tensor(
          texts.enumerated().flatMap { index, text in text.map { _ in index } }, shape: [1, ids.count])
      }
      let labels = texts.flatMap { [isLed ? $0[0] : -100] + $0.dropFirst() }
      return try withoutGradients {
        try language.nextTokenLoss(input, labels: Tensor(labels, shape: [1, ids.count])).sum.to(
          dtype: .float64
        )
        .item()
      }
    }
    let apart = try texts.reduce(0) { try $0 + loss([$1]) }
    #expect(try abs(loss(texts) - apart) < 1e-5 * apart)
  }

  /// Token by token with a cache, PEFT's greedy text.
  @Test(arguments: cases)
  func generationEqualsPEFTs(name: String) throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/prompts/\(name)/expected.safetensors")
      .allTensors()
    guard let output = golden["greedy.output"] else { return }
    let (model, _) = try load(#require(Self.table[name]?["model"]?.stringValue), "prompts/\(name)")
    let language = try #require(model as? any CausalLanguageModel)
    let ends = try language.configuration.endOfTextIDs
    let cache = language.makeCache()
    var next = try #require(golden["greedy.prompt"]).array(of: Int.self)
    var found: [Int] = []
    try withoutGradients {
      while found.count < output.count {
        let hidden = try language.hiddenStates(ModelInput(next), cache: cache)
        let logits = try language.head(hidden.select(1, hidden.shape[1] - 1)).select(0, 0)
        for end in ends { _ = try logits.select(0, end).fill_(-.infinity) }
        next = [try logits.argmax().item()]
        found += next
      }
    }
    #expect(try found == output.array(of: Int.self))
  }

  @Test(arguments: ["mlp", "lstm", "lstm-2", "projection"])
  func networksEqualPEFTs(name: String) throws {
    let path = "\(Golden.folder)/prompts/encoder.\(name)"
    let golden = try SafetensorsFile(path: "\(path).safetensors").allTensors()
    let object = try #require(try JSONValue.parse(contentsOf: "\(path).json").objectValue)
    let method = try #require(try AdapterConfiguration(object).method as? any PromptMethod)
    let context = InjectionContext(isLoading: false, generator: try Generator(seed: 1))
    let store = try VariableStore()
    let encoder = try #require(try method.makeEncoder(on: .cpu, mode: store.mode, context: context))
    #expect(encoder.parameters.count == golden.keys.count { $0.hasPrefix("state.") })
    let bare = { (parameter: AdapterParameter) in String(parameter.name.dropFirst(PromptEncoder.prefix.count))
    }
    try withoutGradients {
      for parameter in encoder.parameters {
        let state = try #require(golden["state.\(bare(parameter))"], "\(parameter.name)")
        #expect(state.shape == parameter.tensor.shape)
        _ = try parameter.tensor.copy_(state)
      }
    }
    for parameter in encoder.parameters { _ = try parameter.tensor.requireGrad() }
    let prompt = try encoder()
    #expect(try prompt.relativeError(to: #require(golden["prompt_embeddings"])) < 1e-6)
    try prompt.backward(golden["upstream"])
    for parameter in encoder.parameters {
      let gradient = try #require(parameter.tensor.grad)
      let wanted = try #require(golden["gradient.\(bare(parameter))"])
      #expect(try gradient.relativeError(to: wanted) < 1e-5, "\(parameter.name)")
    }
  }
}
