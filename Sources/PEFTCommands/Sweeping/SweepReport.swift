import JSON
import Reports
import Training

/// What the trials of a sweep came to, side by side: a table, a chart, a page, and JSON.
struct SweepReport {
  let trials: [SweepTrial]
  /// The result that trials are compared by.
  let metric: String

  private var isHigherBetter: Bool { EvaluationResult.isBetterHigher(metric) && metric != "final_loss" }

  /// The trial with the best score.
  var best: SweepTrial? {
    trials.filter { $0.score(metric) != nil }.max { first, second in
      guard let a = first.score(metric)?.value, let b = second.score(metric)?.value else { return false }
      return isHigherBetter ? a < b : a > b
    }
  }

  func table() -> TextTable {
    var table = TextTable([
      .init("trial"), .init(metric, .right), .init("trainable", .right), .init("time", .right),
      .init("memory", .right), .init(""),
    ])
    for trial in trials {
      func cell(_ key: String, _ format: Axis.Format) -> String {
        trial.number(key).map { format($0) } ?? "-"
      }
      let score = trial.score(metric).map { score in
        Numerals.short(score.value) + (score.deviation.map { " ± \(Numerals.short($0))" } ?? "")
      }
      table.append([
        trial.name, score ?? "-",
        trial.number("trainable_parameters").map { Numerals.grouped(Int($0)) } ?? "-",
        cell("seconds", .duration), cell("peak_rss_bytes", .bytes),
        trial.failure.map { "failed: \($0)" } ?? (trial.name == best?.name ? "best" : ""),
      ])
    }
    return table
  }

  /// Score against trainable parameters, a colour for each method.
  var chart: ScatterChart {
    var groups: [ScatterChart.Group] = []
    for trial in trials {
      guard let score = trial.score(metric), let count = trial.number("trainable_parameters") else {
        continue
      }
      let method = trial["method"] ?? "lora"
      let label = trial.settings.filter { $0.flag != "method" }.map(\.value).joined(separator: " ")
      let dot = ScatterChart.Dot(x: count, y: score.value, deviation: score.deviation, label: label)
      if let index = groups.firstIndex(where: { $0.name == method }) {
        groups[index].dots.append(dot)
      } else {
        groups.append(ScatterChart.Group(method, [dot]))
      }
    }
    return ScatterChart(
      title: "\(metric) against trainable parameters", groups: groups,
      xAxis: Axis("trainable parameters", scaling: .logarithmic, format: .count), yAxis: Axis(metric))
  }

  func page(title: String, commands: [String]) -> HTMLReport {
    let failed = trials.filter { $0.failure != nil }
    return HTMLReport(
      title: title, subtitle: "\(trials.count) trials, compared by \(metric)",
      warnings: failed.map { "\($0.name) failed: \($0.failure ?? "")" },
      keyNumbers: best.flatMap { best in
        best.score(metric).map { [.init("best \(metric)", Numerals.short($0.value), note: best.name)] }
      } ?? [],
      charts: chart.groups.isEmpty ? [] : [chart],
      tables: [
        .init(
          "Trials",
          table().rows.map { row in
            (name: row[0], value: row.dropFirst().filter { !$0.isEmpty }.joined(separator: " · "))
          })
      ],
      commands: commands)
  }

  var json: JSONObject {
    let entries = trials.map { trial -> JSONValue in
      func number(_ key: String) -> JSONValue { trial.number(key).map(JSONValue.double) ?? .null }
      let score = trial.score(metric)
      return [
        "name": .string(trial.name),
        "settings": .object(JSONObject(trial.settings.map { (key: $0.flag, value: .string($0.value)) })),
        "score": score.map { .double($0.value) } ?? .null,
        "deviation": score?.deviation.map(JSONValue.double) ?? .null,
        "trainable_parameters": trial.summary?["trainable_parameters"] ?? .null,
        "seconds": number("seconds"), "step_seconds_median": number("step_seconds_median"),
        "peak_rss_bytes": trial.summary?["peak_rss_bytes"] ?? .null,
        "error": trial.failure.map(JSONValue.string) ?? .null,
      ]
    }
    return [
      "metric": .string(metric), "best": best.map { .string($0.name) } ?? .null, "trials": .array(entries),
    ]
  }
}
