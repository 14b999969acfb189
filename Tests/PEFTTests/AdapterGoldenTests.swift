import JSON
import Models
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Adapters of every kind that PEFT saves, loaded onto the model that they were made for; see
/// `Tests/Golden/make_adapters.py`.
struct AdapterGoldenTests {
  private static let cases = (try? Golden.json("adapters/cases.json"))?.objectValue ?? JSONObject()

  static let names = cases.keys.filter { name in
    let type = cases[name]?["peft_type"]?.stringValue
    return MethodRegistry.entries.contains { $0.peftType == type }
      && !PromptGoldenTests.adapters.contains(name)
  }

  /// The model that a case was made for, stacked as its adapter says.
  private static func base(_ name: String) throws -> any Model {
    let model = try #require(cases[name]?["model"]?.stringValue)
    let method = try AdapterFolder(path: "\(Golden.folder)/adapters/\(name)").configuration.method
    return try PretrainedModel.load(
      folder: "\(Golden.folder)/models/\(model)", stacking: method.layerReplication)
  }

  @Test func thereAreCases() { #expect(Self.names.count >= 24) }

  @Test(arguments: names)
  func logitsTargetsAndMergesEqualPEFTs(name: String) throws {
    let example = try #require(Self.cases[name])
    let folder = "\(Golden.folder)/adapters/\(name)"
    let golden = try SafetensorsFile(path: "\(folder)/expected.safetensors").allTensors()
    let model = try Self.base(name)
    let isHalf = model.store.layers[0].weight.dtype == .bfloat16
    let tolerance = isHalf ? 2e-2 : 1e-5
    let adapted = try AdaptedModel(
      model.store,
      traits: ModelTraits(modelType: "llama", outputEmbeddings: ["lm_head"], taskType: "CAUSAL_LM"))
    let report = try adapted.load(folder: folder)
    #expect(report.unknownFields.isEmpty, "\(report.unknownFields)")
    for (index, other) in (example["adapters"]?.arrayValue ?? []).dropFirst().enumerated() {
      let label = try #require(other.stringValue)
      try adapted.load(folder: "\(folder)/\(label)", named: "other\(index)")
    }
    if let targets = example["targets"]?.arrayValue, adapted.names.count == 1 {
      #expect(Set(report.injection.adapted) == Set(targets.compactMap(\.stringValue)))
    }
    if let count = example["trainable_parameters"]?.intValue {
      try adapted.setTrainable(true)
      #expect(adapted.names.count > 1 || adapted.trainableCount == count)
    }

    let ids = try #require(golden["input_ids"])
    let mask = try #require(golden["attention_mask"])
    let input = ModelInput(ids: ids, attentionMask: try mask.to(dtype: .bool))
    let expected = try #require(golden["logits"])
    let kept = try mask.to(dtype: .float32).unsqueezed(-1)
    let logits = try withoutGradients { try model.logits(input).to(dtype: .float32) }
    #expect(try (logits * kept).relativeError(to: expected * kept) < tolerance)

    guard let merged = golden["merged.logits"] else { return }
    try adapted.merge()
    let last = try ids.select(0, 1).slice(0, 0..<merged.shape[merged.rank - 2]).unsqueezed(0)
    let again = try withoutGradients { try model.logits(ModelInput(ids: last)).to(dtype: .float32) }
    #expect(try again.reshaped(merged.shape).relativeError(to: merged) < tolerance)
    for (key, weight) in golden where key.hasPrefix("merged.") && key.hasSuffix(".weight") {
      let module = String(key.dropFirst(7).dropLast(7))
      let layer = try #require(model.store.layer(named: module), "\(module)")
      #expect(try layer.weight.dense(weight.dtype).relativeError(to: weight) < tolerance, "\(module)")
    }
  }

  @Test(arguments: names)
  func savingALoadedAdapterChangesNoByte(name: String) throws {
    let folder = "\(Golden.folder)/adapters/\(name)"
    let model = try Self.base(name)
    let adapted = try AdaptedModel(model.store)
    try adapted.load(folder: folder)
    let saved = try adapted.folder()
    let written = try JSONValue.parse(contentsOf: "\(folder)/adapter_config.json")
    #expect(saved.configuration.text == written.serialized(indent: 2, sortedKeys: true))
    let original = try SafetensorsFile(path: "\(folder)/adapter_model.safetensors").allTensors()
    for (key, tensor) in saved.tensors {
      let before = try #require(original[key], "\(key)")
      #expect(try tensor.isIdentical(to: before.to(dtype: tensor.dtype)), "\(key)")
    }
  }

  @Test func anAdapterForAnotherBaseNamesTheLayer() throws {
    let model = try PretrainedModel.load(folder: "\(Golden.folder)/models/llama")
    let adapted = try AdaptedModel(model.store)
    var folder = try AdapterFolder(path: "\(Golden.folder)/adapters/list")
    let key = try #require(folder.tensors.keys.sorted().first)
    folder.tensors[key] = try .zeros([4, 99])
    var error = try #require(throws: AdapterError.self) { try adapted.load(folder) }
    #expect(error.description.contains("\(key) is [4, 99], the base needs [4, 32]"))
    #expect(adapted.names.isEmpty && model.store.layers.allSatisfy { $0.adapters.isEmpty })
    folder.tensors[key] = nil
    folder.tensors["base_model.model.extra"] = try .zeros([1])
    error = try #require(throws: AdapterError.self) { try adapted.load(folder) }
    #expect(error.description.contains("1 missing: \(key)"))
    #expect(error.description.contains("1 unexpected: base_model.model.extra"))
    let report = try adapted.load(folder, allowMismatch: true)
    #expect(report.missing == [key] && report.unexpected == ["base_model.model.extra"])
  }
}
