/// The numbers and tables of a run, from its summary, configuration and environment.
import JSON

extension RunReport {
  var keyNumbers: [HTMLReport.KeyNumber] {
    var numbers: [HTMLReport.KeyNumber] = []
    func add(_ label: String, _ key: String, note: String = "", _ format: (Double) -> String) {
      guard let value = summary[key]?.doubleValue else { return }
      numbers.append(.init(label, format(value), note: note))
    }
    let first = metrics.series("loss").points.first { $0.y.isFinite }
    let start = first.map { "from \(Numbers.significant($0.y))" } ?? ""
    add("Final loss", "final_loss", note: start) { Numbers.significant($0) }
    for (name, value) in summary["eval"]?.objectValue ?? [:] {
      guard let value = value.doubleValue else { continue }
      numbers.append(.init("Eval \(RunReport.words(name))", RunReport.number(value, under: name)))
    }
    add("Trainable", "trainable_parameters", note: share) { RunReport.count($0) }
    add("Throughput", "tokens_per_second", note: "tokens per second") { RunReport.count($0) }
    add("Median step", "step_seconds_median") { Numbers.duration($0) }
    add("Peak memory", "peak_rss_bytes") { Axis.Format.bytes($0) }
    return numbers
  }

  /// How much of the model was trained.
  private var share: String {
    guard let trainable = summary["trainable_parameters"]?.doubleValue,
      let total = summary["total_parameters"]?.doubleValue, total > 0
    else { return "" }
    return "\(Numbers.percent(trainable / total)) of \(RunReport.count(total)) parameters"
  }

  private static func count(_ value: Double) -> String {
    Axis.Format.count(value)
  }

  var tables: [HTMLReport.Table] {
    let nested = configuration.compactMap { key, value in
      value.objectValue.map { HTMLReport.Table(RunReport.heading(key), RunReport.rows($0)) }
    }
    let flat = JSONObject(configuration.filter { $0.value.objectValue == nil })
    let rest = JSONObject(summary.filter { key, _ in !RunReport.shownAsKeyNumber.contains(key) })
    return [HTMLReport.Table("Configuration", RunReport.rows(flat))] + nested + [
      HTMLReport.Table("Results", RunReport.rows(rest)),
      HTMLReport.Table("Environment", RunReport.rows(environment)),
    ]
  }

  private static let shownAsKeyNumber: Set<String> = [
    "final_loss", "eval", "trainable_parameters", "tokens_per_second", "step_seconds_median",
    "peak_rss_bytes",
  ]

  /// A row for each member; members of objects inside carry both names.
  private static func rows(_ object: JSONObject) -> [(name: String, value: String)] {
    object.flatMap { key, value in
      if let inner = value.objectValue, !inner.isEmpty {
        return rows(inner).map { (name: "\(key).\($0.name)", value: $0.value) }
      }
      return [(name: key, value: text(value, under: key))]
    }
  }

  private static func text(_ value: JSONValue, under key: String) -> String {
    switch value {
    case .null: "none"
    case .bool(let value): value ? "yes" : "no"
    case .string(let value): value
    case .number(let value): number(value.doubleValue, spelled: value.literal, under: key)
    case .array(let elements): elements.map { text($0, under: key) }.joined(separator: ", ")
    case .object(let object): JSONValue.object(object).description
    }
  }

  /// A number in the unit that its name tells; others as they were written.
  private static func number(_ value: Double, spelled: String? = nil, under key: String) -> String {
    if key.hasSuffix("_bytes") { return Axis.Format.bytes(value) }
    if key.hasSuffix("_seconds") || key == "seconds" { return Numbers.duration(value) }
    if key.hasSuffix("_parameters") { return count(value) }
    return spelled ?? Numbers.significant(value)
  }
}
