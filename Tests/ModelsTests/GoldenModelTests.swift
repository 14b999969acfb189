import NN
import Testing
import Torch

@testable import Models

/// What transformers computes with the same checkpoints.
struct GoldenModelTests {
  @Test func thereAreModels() {
    #expect(Golden.models.count >= 25)
  }

  @Test(arguments: Golden.models)
  func logitsAndLossesAgree(name: String) throws {
    let model = try Golden.causal(name)
    #expect(model.store.report.isClean)
    let tolerance = name.hasSuffix("bf16") ? 2e-2 : 1e-5
    let expected = try Golden.expected(name)
    for row in 0..<3 {
      let ids = try #require(expected["row.\(row).input_ids"]).unsqueezed(0)
      let labels = try #require(expected["row.\(row).labels"]).unsqueezed(0)
      let logits = try #require(expected["row.\(row).logits"])
      #expect(try model.logits(ModelInput(ids: ids)).select(0, 0).relativeError(to: logits) < tolerance)
      guard let loss = expected["row.\(row).loss"] else { continue }
      let (sum, count) = try model.nextTokenLoss(ModelInput(ids: ids), labels: labels)
      #expect(try (sum / Double(count)).relativeError(to: loss) < tolerance)
    }
  }

  @Test(arguments: Golden.models)
  func aPaddedBatchAgrees(name: String) throws {
    let model = try Golden.causal(name)
    let tolerance = name.hasSuffix("bf16") ? 2e-2 : 1e-5
    let expected = try Golden.expected(name)
    let mask = try #require(expected["batch.attention_mask"]).to(dtype: .bool)
    let input = ModelInput(ids: try #require(expected["batch.input_ids"]), attentionMask: mask)
    let logits = try #require(expected["batch.logits"])
    #expect(try model.logits(input).indexed([mask]).relativeError(to: logits.indexed([mask])) < tolerance)
    let (sum, count) = try model.nextTokenLoss(input, labels: #require(expected["batch.labels"]))
    #expect(try (sum / Double(count)).relativeError(to: #require(expected["batch.loss"])) < tolerance)
  }

  @Test(arguments: Golden.models.filter { !$0.hasPrefix("rope-") && !$0.hasSuffix("bf16") })
  func greedyTextAgreesWithACache(name: String) throws {
    let model = try Golden.causal(name)
    let expected = try Golden.expected(name)
    let output: [Int] = try #require(expected["greedy.output"]).array()
    let cache = model.makeCache()
    var ids = try #require(expected["greedy.prompt"]).unsqueezed(0)
    for token in output {
      let hidden = try withoutGradients { try model.hiddenStates(ModelInput(ids: ids), cache: cache) }
      // The reference suppresses the end-of-sequence token.
      let logits = try model.head(hidden.select(1, hidden.shape[1] - 1)).clone()
      try logits.select(1, 2).fill_(-.infinity)
      ids = try logits.argmax(-1, keepDim: true)
      #expect(try ids.item(of: Int.self) == token)
    }
    #expect(cache.length == 5 + 19)
  }
}
