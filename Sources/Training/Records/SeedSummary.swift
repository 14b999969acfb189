import Files
import JSON

/// What runs that differ in their seed alone came to: `summary.json` of the folder above them.
public struct SeedSummary: Sendable {
  public let seeds: [Int]
  /// `summary.json` of each run.
  public let runs: [JSONObject]

  public init(seeds: [Int], runs: [JSONObject]) { (self.seeds, self.runs) = (seeds, runs) }

  /// The mean of a result over the runs, and its standard deviation (of a sample); nil where a run has none.
  public func result(_ name: String) -> (mean: Double, deviation: Double)? {
    let values = runs.compactMap { $0["eval"]?[name]?.doubleValue }
    return values.count == runs.count ? Self.spread(values) : nil
  }

  /// The names of the results, in order.
  public var resultNames: [String] { runs.first?["eval"]?.objectValue?.keys ?? [] }

  private static func spread(_ values: [Double]) -> (mean: Double, deviation: Double)? {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    guard values.count > 1 else { return (mean, 0) }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Double(values.count - 1)).squareRoot())
  }

  /// The keys of a single run's summary hold means (the median of the steps' times, the peak of the memory, the sum of
  /// the seconds); `eval_deviation` and `runs` come in addition.
  public var json: JSONObject {
    func numbers(_ key: String) -> [Double] { runs.compactMap { $0[key]?.doubleValue } }
    var (means, deviations) = (JSONObject(), JSONObject())
    for name in resultNames {
      guard let (mean, deviation) = result(name) else { continue }
      (means[name], deviations[name]) = (.double(mean), .double(deviation))
    }
    var object: JSONObject = [
      "final_loss": Self.spread(numbers("final_loss")).map { .double($0.mean) } ?? .null,
      "eval": means.isEmpty ? .null : .object(means),
      "eval_deviation": deviations.isEmpty ? .null : .object(deviations),
      "seeds": .array(seeds.map(JSONValue.int)),
      "step_seconds_median": median(numbers("step_seconds_median")).map(JSONValue.double) ?? .null,
      "tokens_per_second": Self.spread(numbers("tokens_per_second")).map { .double($0.mean) } ?? .null,
      "peak_rss_bytes": .int(Int(numbers("peak_rss_bytes").max() ?? 0)),
      "seconds": .double(numbers("seconds").reduce(0, +)),
      "runs": .array(runs.map(JSONValue.object)),
    ]
    for key in ["trainable_parameters", "total_parameters", "steps"] {
      object[key] = runs.first?[key] ?? .null
    }
    return object
  }

  public func write(to path: String) throws {
    try AtomicFile.write(path, JSONValue.object(json).serialized(indent: 2) + "\n")
  }
}
