import Files
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Models

/// Adds a constant to the weight.
private final class Shift: LayerAdapter {
  let parameters: [AdapterParameter] = []
  let amount: Double

  init(_ amount: Double) { self.amount = amount }

  func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor { try base.output(x) }
  func fold(into folding: inout Folding) throws { folding.weight = try folding.weight + amount }
}

struct ModelWriterTests {
  private func logits(_ model: any Model) throws -> Tensor { try model.logits(ModelInput([5, 9, 33, 12])) }

  @Test(arguments: ["llama", "llama-tied-head", "llama-sharded", "qwen2-bf16"], [5_000_000_000, 10_000])
  func aSavedModelIsTheSame(name: String, shardSize: Int) throws {
    let copy = try TemporaryModel(name)
    try AtomicFile.write("\(copy.folder)/tokenizer.json", "{}")
    try AtomicFile.write("\(copy.folder)/README.md", "about the original")
    let model = try PretrainedModel.load(folder: copy.folder)
    let output = "\(copy.folder)/deep/out"
    try ModelWriter.save(model, from: copy.folder, to: output, maxShardSize: shardSize)
    let again = try PretrainedModel.load(folder: output)
    #expect(again.store.report.isClean)
    #expect(try logits(again).isIdentical(to: logits(model)))
    let files = try Folder.names(in: output)
    #expect(files.contains("tokenizer.json") && !files.contains("README.md"))
    #expect(files.contains("model.safetensors.index.json") == (shardSize == 10_000))
    #expect(try Folder.names(in: "\(copy.folder)/deep") == ["out"])
    #expect(again.configuration.raw == model.configuration.raw)
  }

  @Test func typesAreConvertedAndConfigurationFollows() throws {
    let copy = try TemporaryModel("llama-modern")
    let output = "\(copy.folder)/out"
    try ModelWriter.save(PretrainedModel.load(folder: copy.folder), to: output, dtype: .bfloat16)
    let again = try PretrainedModel.load(folder: output)
    #expect(again.store.parameters.allSatisfy { $0.tensor.dtype == .bfloat16 })
    #expect(again.configuration.raw["dtype"] == "bfloat16")
    let folder = "\(copy.folder)/classifier"
    try ModelWriter.save(
      PretrainedModel.load(
        folder: copy.folder, task: .sequenceClassification, labels: ClassLabels(["a", "b", "c"])),
      to: folder)
    let classifier = try PretrainedModel.load(folder: folder)
    #expect(classifier.task == .sequenceClassification)
    #expect(try classifier.configuration.architectures == ["LlamaForSequenceClassification"])
    #expect(try classifier.configuration.labels.names == ["a", "b", "c"])
  }

  @Test func adaptersAreFoldedInAndTheModelStaysAsItIs() throws {
    let copy = try TemporaryModel("llama-tied")
    let model = try PretrainedModel.load(folder: copy.folder)
    let names = ["model.embed_tokens", "model.layers.0.mlp.up_proj"]
    for name in names {
      try #require(model.store.layer(named: name)).slot.insert(Shift(0.25), named: "a", isActive: true)
      try #require(model.store.layer(named: name)).slot.insert(Shift(0.5), named: "b", isActive: true)
    }
    try #require(model.store.layer(named: names[1])).merge(["b"])
    let before = try model.store.stateDict()
    let output = "\(copy.folder)/out"
    try ModelWriter.save(model, merging: ["a"], to: output)
    for (old, new) in zip(before, try model.store.stateDict()) {
      #expect(try old.tensor.isIdentical(to: new.tensor))
    }

    let saved = try SafetensorsFile(path: "\(output)/model.safetensors").allTensors()
    let original = try SafetensorsFile(path: "\(copy.folder)/model.safetensors").allTensors()
    let table = try #require(original["model.embed_tokens.weight"])
    #expect(try #require(saved["model.embed_tokens.weight"]).isIdentical(to: table + 0.25))
    // The twin is not adapted, so they are two weights now.
    #expect(try #require(saved["lm_head.weight"]).isIdentical(to: table))
    let key = "model.layers.0.mlp.up_proj.weight"
    #expect(try #require(saved[key]).relativeError(to: #require(original[key]) + 0.75) < 1e-6)
    let again = try PretrainedModel.load(folder: output)
    #expect(again.configuration.raw["tie_word_embeddings"] == false)
    #expect(again.store.report.isClean)
  }

  @Test func theStateDictHasMergedWeightsAndTwinsThatDiffer() throws {
    let model = try PretrainedModel.load(folder: Golden.model("llama-tied"))
    let names = try model.store.stateDict().map(\.name)
    #expect(names.first == "model.embed_tokens.weight" && !names.contains("lm_head.weight"))
    let head = try #require(model.store.layer(named: "lm_head"))
    head.slot.insert(Shift(1), named: "a", isActive: true)
    try head.merge(["a"])
    let merged = try model.store.stateDict()
    #expect(merged.map(\.name) == names + ["lm_head.weight"])
    let (first, last) = (try #require(merged.first), try #require(merged.last))
    #expect(try last.tensor.isIdentical(to: first.tensor + 1))
    head.unmerge()
    #expect(try model.store.stateDict().map(\.name) == names)
  }

  @Test func aFolderInUseIsLeftAlone() throws {
    let copy = try TemporaryModel("llama")
    let model = try PretrainedModel.load(folder: copy.folder)
    let output = "\(copy.folder)/out"
    try Folder.create(output)
    try ModelWriter.save(model, to: output)
    try AtomicFile.write("\(output)/notes.txt", "mine")
    #expect(throws: ModelError.self) { try ModelWriter.save(model, to: output) }
    #expect(Folder.hasFile("\(output)/notes.txt"))
    #expect(throws: ModelError.self) { try ModelWriter.save(model, to: "\(output)/notes.txt") }
    try ModelWriter.save(model, to: output, overwrite: true)
    #expect(!Folder.hasFile("\(output)/notes.txt"))
  }

  @Test func aFailureLeavesNothing() throws {
    struct Failure: Error {}
    let copy = try TemporaryModel("llama")
    let before = try Folder.names(in: copy.folder)
    for overwrite in [true, false] {
      #expect(throws: Failure.self) {
        try FolderReplacement.write("\(copy.folder)/out", overwrite: overwrite) { temporary in
          try AtomicFile.write("\(temporary)/half", "x")
          throw Failure()
        }
      }
      #expect(try Folder.names(in: copy.folder) == before)
    }
  }
}
