import JSON
import NN
import Testing
import Torch

@testable import Models

struct ClassificationTests {
  private let texts = [[5, 9, 33, 12, 7, 8, 40], [20, 21, 22], [6]]

  private func batch(left: Bool, padding: Int = 0) throws -> ModelInput {
    let rows = texts.map { text in
      let gap = Array(repeating: padding, count: 7 - text.count)
      return left ? gap + text : text + gap
    }
    let real = texts.map { text in
      let gap = Array(repeating: false, count: 7 - text.count)
      return left ? gap + text.map { _ in true } : text.map { _ in true } + gap
    }
    return ModelInput(
      ids: try Tensor(rows.flatMap(\.self), shape: [3, 7]),
      attentionMask: try Tensor(real.flatMap(\.self), shape: [3, 7]))
  }

  @Test(arguments: ["llama", "mistral", "qwen2", "qwen3"])
  func aTextIsClassifiedByItsLastTokenWhereverThePaddingIs(name: String) throws {
    let copy = try TemporaryModel(name)
    let alone = try PretrainedModel.load(
      folder: copy.folder, task: .sequenceClassification, labels: ClassLabels(count: 3))
    let expected = try Tensor.cat(texts.map { try alone.logits(ModelInput($0)) })
    #expect(expected.shape == [3, 3])
    for padding in [nil, 0] as [Int?] {
      try copy.configure(["pad_token_id": padding.map { .int($0) }])
      let model = try PretrainedModel.load(
        folder: copy.folder, task: .sequenceClassification, labels: ClassLabels(count: 3))
      for left in [true, false] {
        #expect(try model.logits(batch(left: left)).relativeError(to: expected) < 1e-5)
      }
    }
    var unmasked = try batch(left: false)
    unmasked.attentionMask = nil
    #expect(throws: ModelError.self) { try alone.logits(unmasked) }
  }

  @Test func aNewHeadIsSeededAndIsNotMissing() throws {
    func head(_ seed: UInt64) throws -> Tensor {
      let model = try PretrainedModel.load(
        folder: Golden.model("llama"), task: .tokenClassification, labels: ClassLabels(["O", "B", "I"]),
        seed: seed)
      #expect(model.store.report.isClean)
      #expect(model.headNames == ["score"])
      #expect(try model.configuration.labels.names == ["O", "B", "I"])
      #expect(model.store.parameter(named: "score.bias")?.tensor.count == 3)
      #expect(try model.logits(ModelInput([4, 5])).shape == [1, 2, 3])
      return try #require(model.store.parameter(named: "score.weight")).tensor
    }
    #expect(try head(1).isIdentical(to: head(1)))
    #expect(try !head(1).isIdentical(to: head(2)))
    let spread: Double = try head(1).std([0, 1]).item()
    #expect(abs(spread - 0.02) < 0.006)
  }

  @Test func theCheckpointsOwnHeadAndTaskAreUsed() throws {
    let copy = try TemporaryModel("llama")
    try copy.configure([
      "architectures": ["LlamaForSequenceClassification"], "id2label": ["0": "no", "1": "yes"],
      "pad_token_id": 0,
    ])
    try copy.edit { tensors in
      tensors["lm_head.weight"] = nil
      tensors["score.weight"] = try .ones([2, 32])
    }
    let model = try PretrainedModel.load(folder: copy.folder)
    #expect(model.task == .sequenceClassification)
    #expect(try model.configuration.labels.names == ["no", "yes"])
    let logits: [Double] = try model.logits(ModelInput([4, 5])).array()
    #expect(abs(logits[0] - logits[1]) < 1e-5)
    // Another number of classes does not fit the head.
    let error = try #require(throws: ModelError.self) {
      try PretrainedModel.load(folder: copy.folder, labels: ClassLabels(count: 3))
    }
    #expect(error.description.contains("score.weight is [2, 32], the model needs [3, 32]"))
    // Nor is there a head for text.
    #expect(throws: ModelError.self) { try PretrainedModel.load(folder: copy.folder, task: .causalLM) }
  }

  @Test(arguments: [["0": "no", "2": "yes"], ["a": "no"], ["0": 1], [:]] as [JSONObject])
  func labelsThatMakeNoSenseAreNamed(labels: JSONObject) throws {
    let config = ModelConfiguration(["id2label": .object(labels)])
    let error = try #require(throws: ModelError.self) { try config.labels }
    #expect(error.description.contains("id2label"))
  }

  @Test(arguments: [ModelTask.sequenceClassification, .tokenClassification])
  func aTiedTableIsFoundUnderTheNameOfAnotherHead(task: ModelTask) throws {
    let model = try PretrainedModel.load(folder: Golden.model("llama-tied-head"), task: task)
    let text = try Golden.causal("llama-tied-head")
    let table = try #require(model.store.parameter(named: "model.embed_tokens.weight")).tensor
    #expect(try table.isIdentical(to: text.outputEmbedding.weight.dense(.float32)))
    #expect(model.store.report.isClean)
  }

  @Test func withoutNamesThereAreTwoLabels() throws {
    #expect(try ModelConfiguration([:]).labels.names == ["LABEL_0", "LABEL_1"])
    #expect(try ModelConfiguration(["num_labels": 1]).labels.count == 1)
  }
}
