import Files
import Hub
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

struct LoadingTests {
  private func load(_ folder: String, dtype: DType? = nil) throws -> any CausalLanguageModel {
    try #require(try PretrainedModel.load(folder: folder, dtype: dtype) as? any CausalLanguageModel)
  }

  private func logits(_ folder: String) throws -> Tensor {
    try load(folder).logits(ModelInput([5, 9, 33, 12]))
  }

  @Test func aBodyWithoutPrefixAndOldBuffersLoad() throws {
    let copy = try TemporaryModel("llama-tied")
    let expected = try logits(copy.folder).clone()
    try copy.edit { tensors in
      tensors = Dictionary(
        uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst("model.".count)), $0.value) })
      tensors["layers.0.self_attn.rotary_emb.inv_freq"] = try .ones([4])
    }
    #expect(try load(copy.folder).store.report.isClean)
    #expect(try logits(copy.folder).isIdentical(to: expected))
  }

  @Test func aTiedCheckpointWithTwoDifferentTablesIsBelieved() throws {
    let copy = try TemporaryModel("llama")
    let expected = try logits(copy.folder).clone()
    try copy.configure(["tie_word_embeddings": true])
    #expect(try logits(copy.folder).isIdentical(to: expected))
    try copy.edit { $0["lm_head.weight"] = $0["model.embed_tokens.weight"] }
    let model = try load(copy.folder)
    #expect(model.outputEmbedding.weight === model.store.parameter(named: "model.embed_tokens.weight"))
  }

  /// As `torch.save` writes them, whole or in parts with an index.
  @Test(arguments: [1, 2])
  func pickledWeightsLoad(parts: Int) throws {
    let copy = try TemporaryModel("llama")
    let expected = try logits(copy.folder).clone()
    let tensors = try SafetensorsFile(path: "\(copy.folder)/model.safetensors").allTensors()
    let names = tensors.keys.sorted()
    var index = JSONObject()
    for part in 0..<parts {
      let own = names.indices.filter { $0 % parts == part }.map { names[$0] }
      let file = parts == 1 ? "pytorch_model.bin" : "pytorch_model-0000\(part + 1)-of-00002.bin"
      try TorchFileWriter.write(
        Dictionary(uniqueKeysWithValues: own.compactMap { name in tensors[name].map { (name, $0) } }),
        to: "\(copy.folder)/\(file)")
      for name in own { index[name] = .string(file) }
    }
    if parts > 1 {
      let text = JSONValue.object(["weight_map": .object(index)]).serialized()
      try AtomicFile.write("\(copy.folder)/pytorch_model.bin.index.json", text)
    }
    try Folder.removeFile("\(copy.folder)/model.safetensors")
    #expect(try logits(copy.folder).isIdentical(to: expected))
  }

  @Test func anIndexOfPickledFilesLeadsNowhereElse() throws {
    let copy = try TemporaryModel("llama")
    try Folder.removeFile("\(copy.folder)/model.safetensors")
    try AtomicFile.write(
      "\(copy.folder)/pytorch_model.bin.index.json", #"{"weight_map": {"x": "../other/pytorch_model.bin"}}"#)
    let error = try #require(throws: (any Error).self) { try load(copy.folder) }
    #expect("\(error)".contains("pytorch_model.bin.index.json"))
  }

  @Test func weightsInWholeNumbersAreNamed() throws {
    let copy = try TemporaryModel("llama")
    try copy.edit { $0["model.norm.weight"] = try $0["model.norm.weight"]?.to(dtype: .int32) }
    let error = try #require(throws: ModelError.self) { try load(copy.folder) }
    #expect(error.description.contains("model.norm.weight is int32"))
  }

  @Test func unknownTensorsAreReportedOnly() throws {
    let copy = try TemporaryModel("llama")
    try copy.edit { $0["model.layers.7.extra"] = try .ones([1]) }
    #expect(try load(copy.folder).store.report.unexpected == ["model.layers.7.extra"])
  }

  @Test(arguments: [DType.bfloat16, .float16, .float32])
  func weightsAreConvertedOnTheWayIn(dtype: DType) throws {
    let model = try load(Golden.model("llama"), dtype: dtype)
    #expect(model.store.parameters.allSatisfy { $0.tensor.dtype == dtype })
    let expected = try logits(Golden.model("llama"))
    #expect(try model.logits(ModelInput([5, 9, 33, 12])).relativeError(to: expected) < 2e-2)
  }

  @Test func weightsAreTheFilesOwnMemoryAndWritingDoesNotReachTheFile() throws {
    let copy = try TemporaryModel("llama")
    let before = try WholeFile.read("\(copy.folder)/model.safetensors")
    let model = try load(copy.folder)
    for parameter in model.store.parameters { try parameter.tensor.fill_(3) }
    #expect(try WholeFile.read("\(copy.folder)/model.safetensors") == before)
  }

  @Test(arguments: ["llama", "mistral", "qwen2-layer-types", "qwen3-bias-window"])
  func checkpointedBlocksHaveTheSameGradients(name: String) throws {
    let input = try ModelInput([5, 9, 33, 12, 7, 8, 40])
    func gradients(checkpointing: Bool) throws -> [Tensor] {
      let model = try Golden.causal(name)
      model.store.mode.isTraining = true
      model.store.mode.gradientCheckpointing = checkpointing
      for parameter in model.store.parameters { try parameter.tensor.requireGrad() }
      let (sum, _) = try model.nextTokenLoss(input, labels: input.ids)
      try sum.backward()
      return try model.store.parameters.map { try #require($0.tensor.grad) }
    }
    for (kept, again) in zip(try gradients(checkpointing: false), try gradients(checkpointing: true)) {
      #expect(try again.relativeError(to: kept) < 1e-5)
    }
  }

  @Test(arguments: [true, false])
  func learnedKeysAndValuesGetGradients(checkpointing: Bool) throws {
    let model = try Golden.causal("mistral")
    model.store.mode.isTraining = true
    model.store.mode.gradientCheckpointing = checkpointing
    let random = try Generator(seed: 3)
    let prefix = try (0..<2).map { _ in
      (
        key: try Tensor.randn([1, 2, 3, 8], generator: random).requireGrad(),
        value: try Tensor.randn([1, 2, 3, 8], generator: random).requireGrad()
      )
    }
    let input = try ModelInput([5, 9, 33, 12])
    let hidden = try model.hiddenStates(input, cache: KeyValueCache(prefix: prefix))
    try hidden.square().sum().backward()
    for (key, value) in prefix {
      #expect(try #require(key.grad).norm().item() > 0)
      #expect(try #require(value.grad).norm().item() > 0)
    }
  }

  @Test func idsOutsideTheVocabularyAreNamed() throws {
    let model = try Golden.causal("llama")
    for id in [64, -1] {
      let error = try #require(throws: ModelError.self) { try model.logits(ModelInput([3, id])) }
      #expect(error.description.contains("token id \(id)"))
    }
    #expect(throws: ModelError.self) { try model.logits(ModelInput([])) }
  }

  /// What is not at hand is fetched where a program says how: ids with an organization only.
  @Test func idsAreFetched() throws {
    let asked = "org/tiny-\(UInt32.random(in: .min ... .max))"
    let copy = try TemporaryModel("llama")
    let folder = copy.folder
    ModelFolder.fetch = { id in id.path == asked ? folder : "other" }
    defer { ModelFolder.fetch = nil }
    let (fetched, local) = (try ModelFolder(asked).path, try ModelFolder(folder).path)
    #expect(fetched == folder && local == folder)
    #expect(ModelFolder(present: asked) == nil)
    for name in ["no-such-model", "./\(asked)", "/\(asked)"] {
      #expect(throws: ModelError.self) { try ModelFolder(name) }
    }
  }
}
