import Files
import JSON

/// One run of a sweep: the flags that make it different from the others, and what it came to.
struct SweepTrial {
  /// Flags without dashes, and their values, in order.
  let settings: [(flag: String, value: String)]
  /// `summary.json` of a run that has come to its end.
  var summary: JSONObject?
  /// Why it has failed.
  var failure: String?

  init(_ settings: [(flag: String, value: String)]) { self.settings = settings }

  subscript(flag: String) -> String? { settings.first { $0.flag == flag }?.value }

  /// The name of its folder, such as `lora-rank8-lr0.0002`.
  var name: String {
    let short = ["learning-rate": "lr", "head-learning-rate": "head-lr", "batch-size": "batch"]
    let parts = settings.map { flag, value in flag == "method" ? value : "\(short[flag] ?? flag)\(value)" }
    return parts.joined(separator: "-").map {
      $0.isLetter || $0.isNumber || "-.".contains($0) ? String($0) : "_"
    }
    .joined()
  }

  /// The arguments for `train`.
  var arguments: [String] { settings.map { "--\($0.flag)=\($0.value)" } }

  /// A result of the evaluation, or another number of the summary, and how far it varies over seeds.
  func score(_ metric: String) -> (value: Double, deviation: Double?)? {
    guard let value = summary?["eval"]?[metric]?.doubleValue ?? summary?[metric]?.doubleValue else {
      return nil
    }
    return (value, summary?["eval_deviation"]?[metric]?.doubleValue)
  }

  func number(_ key: String) -> Double? { summary?[key]?.doubleValue }
}

/// Every combination of what a sweep varies.
struct SweepGrid {
  /// The flags that vary, and their values.
  var axes: [(flag: String, values: [String])]
  /// Whether a method has a rank.
  var hasRank: (String) throws -> Bool

  /// The trials; methods without a rank appear once for all ranks.
  func trials() throws -> [SweepTrial] {
    var rows: [[(flag: String, value: String)]] = [[]]
    for axis in axes where !axis.values.isEmpty {
      rows = try rows.flatMap { row -> [[(flag: String, value: String)]] in
        let method = row.first { $0.flag == "method" }?.value
        if axis.flag == "rank", let method, try !hasRank(method) { return [row] }
        return axis.values.map { row + [(axis.flag, $0)] }
      }
    }
    return rows.map(SweepTrial.init)
  }
}
