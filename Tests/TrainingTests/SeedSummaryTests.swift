import JSON
import Testing

@testable import Training

/// Runs that differ in their seed, as one.
struct SeedSummaryTests {
  private func run(_ accuracy: Double, seconds: Double) -> JSONObject {
    [
      "final_loss": 0.5, "eval": ["loss": 0.25, "accuracy": .double(accuracy)], "trainable_parameters": 10,
      "total_parameters": 100, "step_seconds_median": 0.5, "tokens_per_second": 8,
      "peak_rss_bytes": .int(Int(seconds)),
      "steps": 3, "seconds": .double(seconds),
    ]
  }

  @Test func resultsAreMeansWithDeviations() throws {
    let summary = SeedSummary(
      seeds: [1, 2, 3], runs: [run(0.7, seconds: 1), run(0.8, seconds: 2), run(0.9, seconds: 3)])
    let (mean, deviation) = try #require(summary.result("accuracy"))
    #expect(abs(mean - 0.8) < 1e-12 && abs(deviation - 0.1) < 1e-12)
    let json = summary.json
    #expect(json["eval"]?["loss"]?.doubleValue == 0.25)
    #expect(json["eval_deviation"]?["loss"]?.doubleValue == 0)
    #expect(json["seconds"]?.doubleValue == 6 && json["peak_rss_bytes"]?.intValue == 3)
    #expect(json["trainable_parameters"]?.intValue == 10 && json["runs"]?.arrayValue?.count == 3)
  }

  @Test func aRunWithoutAResultLeavesItOut() {
    let summary = SeedSummary(seeds: [1, 2], runs: [run(0.7, seconds: 1), ["eval": .null]])
    #expect(summary.result("accuracy") == nil)
    #expect(SeedSummary(seeds: [1], runs: [run(0.7, seconds: 1)]).result("accuracy")?.deviation == 0)
  }
}
