import Files
import Foundation
import FineTuning
import Models
import NN
import PEFT
import Testing
import Torch
import Training

/// Rows of one batch that are scored by different adapters; see PEFT's `TestMixedAdapterBatches`.
struct RoutedRowsTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"

  private func model(_ names: String...) throws -> AdaptedPretrainedModel {
    try AdaptedPretrainedModel(
      folder: Self.golden + "/models/llama", adapters: names.map { "\($0)=\(Self.golden)/adapters/\($0)" })
  }

  private func examples(_ adapters: [String?]) -> [TokenizedExample] {
    adapters.enumerated().map { index, adapter in
      let ids = (0...(4 + index % 3)).map { Int32(($0 * 7 + index * 5) % 60 + 1) }
      var example = TokenizedExample(ids: ids, target: .tokens(ids), origin: "row \(index)")
      example.adapter = adapter
      return example
    }
  }

  private func loss(_ examples: [TokenizedExample], _ tuned: AdaptedPretrainedModel, batch: Int) throws
    -> Double
  {
    let subject = try FineTuningModel(tuned, training: .nothing, objective: .nextToken)
    let result = try Evaluator(examples, batchSize: batch).evaluate(subject)
    return try #require(result.values.first { $0.name == "loss" }).value
  }

  /// `lm-head` adapts the output embedding, which sees only the places that count, from all rows.
  @Test(arguments: ["dora", "lm-head", "embedding", "modules-to-save"])
  func aBatchScoresAsItsRowsAlone(other: String) throws {
    let tuned = try model("list", other)
    let rows = examples(["list", other, "__base__", other, "list", "list"])
    let together = try loss(rows, tuned, batch: 6)
    #expect(abs(together - (try loss(rows, tuned, batch: 1))) < 1e-5)
    // Each row alone, with its adapter active and nothing said in the row.
    var (sum, count) = (0.0, 0)
    for row in rows {
      var plain = row
      plain.adapter = nil
      try tuned.adapters.activate(row.adapter.flatMap { $0 == "__base__" ? nil : [$0] } ?? [])
      let targets = row.ids.count - 1
      sum += try loss([plain], tuned, batch: 1) * Double(targets)
      count += targets
    }
    #expect(abs(together - sum / Double(count)) < 1e-5)
  }

  @Test func aRowWithoutAnAdapterTakesTheActiveOne() throws {
    let tuned = try model("list", "dora")
    try tuned.adapters.activate(["dora"])
    let (mixed, named) = (examples(["list", nil, "list"]), examples(["list", "dora", "list"]))
    #expect(abs(try loss(mixed, tuned, batch: 3) - loss(named, tuned, batch: 3)) < 1e-6)
    try tuned.adapters.activate(["list", "dora"])
    #expect(throws: TrainingError.self) { try loss(mixed, tuned, batch: 3) }
    #expect(throws: TrainingError.self) { try loss(examples(["nobody"]), tuned, batch: 1) }
  }
}
