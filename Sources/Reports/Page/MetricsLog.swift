/// What a run wrote into `metrics.jsonl`: a JSON object for each logged step.
import JSON

public struct MetricsLog: Sendable {
  /// The lines, in the order they were written.
  public private(set) var records: [JSONObject] = []
  /// Lines that are not JSON objects, counted from 1: a run that was killed may leave half a line.
  public private(set) var unreadableLines: [Int] = []

  public init(records: [JSONObject] = []) {
    self.records = records
  }

  /// Reads the log from the contents of `metrics.jsonl`.
  public init(_ bytes: some Collection<UInt8>) {
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
      if case .object(let record)? = try? JSONValue.parse(Array(line)) {
        records.append(record)
      } else {
        unreadableLines.append(index + 1)
      }
    }
  }

  /// The keys whose values are numbers, in the order in which they first appear, without the step itself.
  public var numericKeys: [String] {
    var keys: [String] = []
    for record in records {
      for (key, value) in record where key != "step" && value.numberValue != nil && !keys.contains(key) {
        keys.append(key)
      }
    }
    return keys
  }

  /// The values of `key` over steps. A run resumed from a checkpoint repeats steps; the later line counts.
  public func series(_ key: String, name: String = "") -> Series {
    var points: [Double: Double] = [:]
    for (step, record) in steps {
      if let value = record[key]?.doubleValue { points[step] = value }
    }
    return Series(name, points.sorted { $0.key < $1.key }.map { Point($0.key, $0.value) })
  }

  /// The objects under `key` over steps, such as the rank of each layer.
  func tables(_ key: String) -> [(step: Double, values: JSONObject)] {
    var tables: [Double: JSONObject] = [:]
    for (step, record) in steps {
      if let values = record[key]?.objectValue { tables[step] = values }
    }
    return tables.sorted { $0.key < $1.key }.map { (step: $0.key, values: $0.value) }
  }

  /// Each record with its step, or with its place in the file where it names none.
  private var steps: [(Double, JSONObject)] {
    records.enumerated().compactMap { index, record in
      let step = record["step"].map(\.doubleValue) ?? Double(index + 1)
      return step.flatMap { $0.isFinite ? ($0, record) : nil }
    }
  }
}
