import JSON

/// One row of a data file: its fields, and where it came from.
public struct DataRow: Sendable {
  public let fields: JSONObject
  /// The folder that paths in it begin at.
  public var folder = ""
  /// The file and line, such as `rows.jsonl:12`; for messages.
  public let origin: String

  public init(_ fields: JSONObject, origin: String = "a row") {
    (self.fields, self.origin) = (fields, origin)
  }

  subscript(_ key: String) -> JSONValue? { fields[key].flatMap { $0.isNull ? nil : $0 } }

  /// The text of a field, if it has any.
  func text(_ key: String) -> String? { self[key]?.stringValue }
}
