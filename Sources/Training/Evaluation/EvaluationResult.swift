import JSON

/// What an evaluation found, by name, in a fixed order: `loss` first.
public struct EvaluationResult: Sendable {
  public private(set) var values: [(name: String, value: Double)] = []
  /// What ``json`` gave; numbers alone count.
  init(json: JSONObject) {
    values = json.compactMap { key, value in value.doubleValue.map { (key, $0) } }
  }

  init(loss: Double) {
    values = [("loss", loss)]
  }

  mutating func add(_ name: String, _ value: Double) { values.append((name, value)) }

  public var loss: Double { self["loss"] ?? .nan }
  public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

  /// Whether more is better of the result called `name`.
  public static func isBetterHigher(_ name: String) -> Bool { !["loss", "perplexity", "mse"].contains(name) }

  /// The values by name; `tokens` is a whole number.
  public var json: JSONObject {
    var object = JSONObject()
    for (name, value) in values {
      object[name] = Int(exactly: value).flatMap { name == "tokens" ? .int($0) : nil } ?? .double(value)
    }
    return object
  }
}
