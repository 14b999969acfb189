import JSON

/// A value type whose fields are declared once: their JSON keys, defaults, types and documentation.
///
/// Decoding, encoding, command-line options, YAML keys and the documentation all come from ``fields``.
public protocol Configuration: Sendable {
  /// The defaults.
  init()
  static var fields: [Field<Self>] { get }
  /// Checks what no single field can check.
  ///
  /// - Throws: ``ConfigurationError`` naming the field, its value and the rule.
  func validate() throws
}

extension Configuration {
  public func validate() throws {}

  /// Takes the fields that `object` has, the defaults for the rest, and validates.
  ///
  /// Keys without a field are ignored; ``unknownKeys(in:)`` finds them.
  public init(_ object: JSONObject) throws {
    self.init()
    try update(from: object)
    try validate()
  }

  /// Overwrites the fields that `object` has, without validating.
  public mutating func update(from object: JSONObject) throws {
    for field in Self.fields {
      guard let value = object[field.key] else { continue }
      try field.set(&self, value)
    }
  }

  /// Every field, in declared order.
  public var json: JSONObject {
    var object = JSONObject()
    for field in Self.fields { object[field.key] = field.get(self) }
    return object
  }

  /// Keys of `object` that are no field.
  public static func unknownKeys(in object: JSONObject) -> [String] {
    let known = Set(fields.map { Array($0.key.utf8) })
    return object.keys.filter { !known.contains(Array($0.utf8)) }
  }
}

/// A configuration that does not make sense.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
  public let field: String
  public let description: String

  /// - Parameter rule: what must hold, and so how to mend it.
  public init(_ field: String, value: Any, rule: String) {
    self.field = field
    self.description = "\(field) is \(value): \(rule)"
  }

  private init(field: String, description: String) { (self.field, self.description) = (field, description) }

  /// The same error of a configuration that is the field `outer` of another.
  public func inside(_ outer: String) -> ConfigurationError {
    ConfigurationError(field: "\(outer).\(field)", description: "\(outer).\(description)")
  }
}
