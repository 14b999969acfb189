/// The report of a training run, made from what the run wrote: `metrics.jsonl`, `summary.json`, its configuration.
import JSON

public struct RunReport: Sendable {
  public var title: String
  public var subtitle: String
  public var metrics: MetricsLog
  /// The keys of `summary.json`: `final_loss`, `eval`, `trainable_parameters`, `total_parameters`,
  /// `step_seconds_median`, `tokens_per_second`, `peak_rss_bytes`, and whatever else a run adds.
  public var summary: JSONObject
  /// What the run was asked for; objects inside become tables of their own.
  public var configuration: JSONObject
  /// What it ran on: versions, device, threads.
  public var environment: JSONObject
  public var samples: [HTMLReport.Sample]
  public var warnings: [String]
  public var commands: [String]

  public init(
    title: String, subtitle: String = "", metrics: MetricsLog, summary: JSONObject = [:],
    configuration: JSONObject = [:], environment: JSONObject = [:], samples: [HTMLReport.Sample] = [],
    warnings: [String] = [], commands: [String] = []
  ) {
    self.title = title
    self.subtitle = subtitle
    self.metrics = metrics
    self.summary = summary
    self.configuration = configuration
    self.environment = environment
    self.samples = samples
    self.warnings = warnings
    self.commands = commands
  }

  /// The page.
  public var page: HTMLReport {
    var warnings = warnings
    if let first = metrics.unreadableLines.first {
      let count = metrics.unreadableLines.count
      warnings.append(
        "metrics.jsonl has \(count) unreadable line\(count == 1 ? "" : "s"), the first is line \(first).")
    }
    return HTMLReport(
      title: title, subtitle: subtitle, warnings: warnings, keyNumbers: keyNumbers, charts: charts,
      samples: samples, tables: tables, commands: commands)
  }
}
