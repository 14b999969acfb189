import Files
import JSON
import Reports
import Testing

@testable import PEFTCommands

/// Sweeps: which trials there are, how they compare, and the whole program with a trial that fails.
@Suite(.serialized) struct SweepTests {
  private func grid(_ axes: [(flag: String, values: [String])]) throws -> [SweepTrial] {
    try SweepGrid(axes: axes) { $0 != "full" }.trials()
  }

  @Test func everyCombinationIsATrialAndRanksOnlyWhereThereAreSome() throws {
    let trials = try grid([
      ("method", ["lora", "full"]), ("rank", ["4", "8"]), ("learning-rate", ["1e-3", "2e-4"]),
      ("batch-size", []),
    ])
    #expect(
      trials.map(\.name) == [
        "lora-rank4-lr1e-3", "lora-rank4-lr2e-4", "lora-rank8-lr1e-3", "lora-rank8-lr2e-4", "full-lr1e-3",
        "full-lr2e-4",
      ])
    #expect(trials[0].arguments == ["--method=lora", "--rank=4", "--learning-rate=1e-3"])
  }

  private func trial(_ method: String, _ metric: String, _ value: Double) -> SweepTrial {
    var trial = SweepTrial([("method", method)])
    trial.summary = [
      "eval": .object([metric: .double(value)]), "trainable_parameters": 1000, "seconds": 2.5,
      "peak_rss_bytes": 1_000_000,
    ]
    return trial
  }

  @Test(arguments: [("accuracy", "b"), ("loss", "a")])
  func theBestIsHighestOrLowest(metric: String, best: String) {
    var failed = SweepTrial([("method", "c")])
    failed.failure = "out of memory"
    let report = SweepReport(
      trials: [trial("a", metric, 0.5), failed, trial("b", metric, 0.75)], metric: metric)
    #expect(report.best?.name == best)
    #expect(report.table().rows.map { $0[0] } == ["a", "c", "b"])
    #expect(report.table().rows[1].last == "failed: out of memory")
    #expect(report.chart.groups.map(\.name) == ["a", "b"])
    #expect(report.json["trials"]?.arrayValue?[1]["error"]?.stringValue == "out of memory")
  }

  @Test func aTrialThatFailsIsReportedAndTheRestGoOn() throws {
    let scratch = try Scratch()
    let output = scratch.path("sweep")
    let flags = [
      "--model", Golden.path("models/llama"), "--data", Golden.path("training/rows.jsonl"), "--steps", "2",
      "--quiet",
      "--threads", "1",
    ]
    let sweep = ["sweep", "--methods", "lora,full", "--ranks", "2,100", "--output", output, "--json"]
    let first = try Executable(sweep + flags)
    #expect(first.code == 0, "\(first.errors)")
    let result = try JSONValue.parse(first.output)
    let trials = try #require(result["trials"]?.arrayValue)
    #expect(trials.count == 3 && result["metric"]?.stringValue == "final_loss")
    #expect(trials.map { $0["score"]?.isNull } == [false, true, false])
    #expect(trials[1]["error"]?.stringValue?.contains("smaller side") == true)
    for name in ["sweep.json", "sweep.svg", "report.html", "trials/lora-rank2/adapter_config.json"] {
      #expect(Folder.hasFile("\(output)/\(name)"))
    }
    #expect(try Executable(sweep + flags).code == 65)
    // What is done is not done again: other trials join it.
    let more = try Executable(
      ["sweep", "--methods", "lora,full,bitfit", "--ranks", "2", "--output", output, "--json", "--resume"]
        + flags)
    #expect(more.code == 0, "\(more.errors)")
    let again = try #require(try JSONValue.parse(more.output)["trials"]?.arrayValue)
    #expect(again.count == 3 && again[0] == trials[0])
    #expect(try Executable(sweep + ["--resume"] + flags + ["--batch-size", "2"]).code == 65)
  }

  @Test(arguments: [
    ["--methods", "lorra"], ["--vary", "batch-size"], ["--vary", "batch-sise=1,2"], ["--rank", "4"],
    ["--bogus", "1"],
  ])
  func mistakesAreToldBeforeAnythingRuns(flags: [String]) async throws {
    let scratch = try Scratch()
    let code = await Program.run(
      ["sweep", "--model", "m", "--data", "d", "--output", scratch.path("sweep")] + flags)
    #expect(code == 64)
    #expect(!Folder.exists(scratch.path("sweep")))
  }
}
