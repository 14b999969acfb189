/// The report's page is whole, safe and self-contained, and can be made from a run's files alone.
import JSON
import Testing

@testable import Reports

@Suite struct HTMLReportTests {
  private let log = """
    {"step": 1, "loss": 4.0, "learning_rate": 0.0001, "grad_norm": 2, "tokens": 512, "tokens_per_second": 900}
    {"step": 2, "loss": 3.0, "learning_rate": 0.0002, "grad_norm": 1, "tokens": 1024, "tokens_per_second": 950}
    {"step": 2, "eval_loss": 3.5, "ranks": {"layers.0.q": 8, "layers.1.q": 4}}
    {"step": 3, "loss": NaN, "learning_rate": 0.0001, "grad_norm": 1, "tokens": 1536, "tokens_per_second": 940}

    """

  private func report() -> RunReport {
    RunReport(
      title: "Run <1>", subtitle: "a & b", metrics: MetricsLog(log.utf8),
      summary: [
        "final_loss": 3.0, "eval": ["loss": 3.5, "accuracy": 0.75], "trainable_parameters": 1_081_344,
        "total_parameters": 495_114_112, "step_seconds_median": 0.93, "tokens_per_second": 945.2,
        "peak_rss_bytes": 2_412_000_000, "best_step": 2, "train_seconds": 372,
      ],
      configuration: [
        "model": "m", "seed": 42, "packing": true, "adapter": ["r": 8, "target_modules": ["q", "v"]],
      ],
      environment: ["device": "cpu", "nothing": nil],
      samples: [.init(prompt: "p<", expected: "e", before: "b", after: "</pre>")], warnings: ["careful"],
      commands: ["peft generate --prompt 'x'"])
  }

  @Test func keyNumbersReadWell() {
    let numbers = report().keyNumbers.map { [$0.label, $0.value, $0.note] }
    #expect(
      numbers == [
        ["Final loss", "3", "from 4"], ["Eval loss", "3.5", ""], ["Eval accuracy", "0.75", ""],
        ["Trainable", "1.08 M", "0.22% of 495 M parameters"], ["Throughput", "945", "tokens per second"],
        ["Median step", "930 ms", ""], ["Peak memory", "2.4 GB", ""],
      ])
  }

  @Test func chartsFollowTheMetrics() {
    #expect(
      report().charts.map(\.title) == [
        "Loss", "Learning rate", "Gradient norm", "Tokens per second", "Rank of each layer",
      ])
    let loss = report().charts.first as? LineChart
    #expect(loss?.series.map(\.name) == ["training", "evaluation"])
    #expect(loss?.note == "last 3, lowest 3 at step 2")
  }

  @Test func tablesNameEveryValue() {
    let tables = report().tables
    #expect(tables.map(\.title) == ["Configuration", "Adapter", "Results", "Environment"])
    #expect(tables[0].rows.map { "\($0.name)=\($0.value)" } == ["model=m", "seed=42", "packing=yes"])
    #expect(tables[1].rows.map { "\($0.name)=\($0.value)" } == ["r=8", "target_modules=q, v"])
    #expect(
      tables[2].rows.map { "\($0.name)=\($0.value)" } == [
        "total_parameters=495 M", "best_step=2", "train_seconds=6m 12s",
      ])
    #expect(tables[3].rows.map(\.value) == ["cpu", "none"])
  }

  @Test func thePageIsEscapedAndSelfContained() {
    let html = report().page.html()
    #expect(html.hasPrefix("<!doctype html>"))
    #expect(html.contains("<h1>Run &lt;1&gt;</h1>"))
    #expect(html.contains("a &amp; b"))
    #expect(html.contains("<pre>&lt;/pre&gt;</pre>"))
    #expect(html.contains("careful"))
    for reference in ["src=", "href=", "url(", "@import", "<script", "<link"] {
      #expect(!html.contains(reference))
    }
    let addresses = html.split(separator: "http").dropFirst()
    #expect(addresses.allSatisfy { $0.hasPrefix("://www.w3.org/2000/svg") })
    for (tag, count) in [("svg", 5), ("section", 7), ("table", 4), ("article", 1), ("main", 1)] {
      let (opened, closed) = (
        html.split(separator: "<\(tag)").count - 1, html.split(separator: "</\(tag)>").count - 1
      )
      #expect(opened == closed && opened == count, "\(tag): \(opened), \(closed)")
    }
  }

  @Test func identifiersDiffer() {
    let html = report().page.html()
    let identifiers = html.split(separator: " id=\"").dropFirst().compactMap {
      $0.split(separator: "\"").first
    }
    #expect(Set(identifiers).count == identifiers.count)
    #expect(identifiers.count == 10)
  }

  @Test func anEmptyRunStillHasAPage() {
    let html = RunReport(title: "nothing", metrics: MetricsLog()).page.html()
    #expect(html.contains("<h1>nothing</h1>"))
    #expect(!html.contains("<section"))
  }

  @Test func summariesOfTheWrongShapeAreShownWhereTheyFit() {
    let odd: JSONObject = [
      "final_loss": "low", "eval": [1, 2], "trainable_parameters": nil, "peak_rss_bytes": 1e300,
    ]
    let report = RunReport(title: "odd", metrics: MetricsLog(), summary: odd, configuration: ["a": [:]])
    #expect(report.keyNumbers.map(\.label) == ["Peak memory"])
    #expect(report.page.html().contains("odd"))
  }
}

@Suite struct MetricsLogTests {
  @Test func aHalfWrittenLastLineIsNoticedAndPassedOver() {
    let log = MetricsLog("{\"step\": 1, \"loss\": 2}\r\n\n{\"step\": 2, \"lo".utf8)
    #expect(log.records.count == 1)
    #expect(log.unreadableLines == [3])
    let page = RunReport(title: "t", metrics: log).page
    #expect(page.warnings == ["metrics.jsonl has 1 unreadable line, the first is line 3."])
  }

  @Test func afterAResumeTheLaterValueOfAStepCounts() {
    let log = MetricsLog(
      records: [1, 2, 3, 2, 3, 4].enumerated().map { ["step": .int($1), "loss": .int($0)] })
    #expect(log.series("loss").points == [Point(1, 0), Point(2, 3), Point(3, 4), Point(4, 5)])
  }

  @Test func linesWithoutAStepStandWhereTheyAre() {
    let log = MetricsLog(records: [
      ["loss": 3], ["loss": 2], ["step": "x", "loss": 9], ["step": nil, "loss": 8],
    ])
    #expect(log.series("loss").points == [Point(1, 3), Point(2, 2)])
    #expect(log.numericKeys == ["loss"])
  }

  @Test func anyBytesAreALog() {
    var random = TestRandom(seed: 2)
    for _ in 0..<200 {
      let bytes = (0..<60).map { _ in
        Array("{}[]\":,0123 \n\u{FF}stepls".utf8).randomElement(using: &random) ?? 0
      }
      let log = MetricsLog(bytes)
      #expect(log.records.count + log.unreadableLines.count <= bytes.count)
    }
  }
}
