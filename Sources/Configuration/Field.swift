import JSON

/// One field of a configuration: where it is in JSON, and how it is read, written and explained.
public struct Field<Root>: Sendable {
  public let key: String
  public let help: String
  /// The kind of value, in a word or two, for messages and documentation.
  public let kind: String
  let get: @Sendable (Root) -> JSONValue
  let set: @Sendable (inout Root, JSONValue) throws -> Void

  /// A field whose value is kept as JSON.
  public init(
    _ key: String, _ help: String, get: @escaping @Sendable (Root) -> JSONValue,
    set: @escaping @Sendable (inout Root, JSONValue) -> Void
  ) {
    (self.key, self.help, self.kind) = (key, help, JSONValue.kind)
    (self.get, self.set) = (get, set)
  }

  public init<Value: ConfigurationValue>(
    _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ help: String
  ) {
    self.key = key
    self.help = help
    self.kind = Value.kind
    get = { $0[keyPath: path].json }
    set = { root, value in
      guard let decoded = Value(json: value) else {
        throw ConfigurationError(key, value: value.serialized(), rule: "must be \(Value.kind)")
      }
      root[keyPath: path] = decoded
    }
  }
}

extension Field {
  /// The same field of a value that lies inside another.
  public func lifted<Outer>(to path: any WritableKeyPath<Outer, Root> & Sendable) -> Field<Outer> {
    Field<Outer>(
      key: key, help: help, kind: kind, get: { get($0[keyPath: path]) },
      set: { try set(&$0[keyPath: path], $1) })
  }

  fileprivate init(
    key: String, help: String, kind: String, get: @escaping @Sendable (Root) -> JSONValue,
    set: @escaping @Sendable (inout Root, JSONValue) throws -> Void
  ) {
    (self.key, self.help, self.kind) = (key, help, kind)
    (self.get, self.set) = (get, set)
  }
}

/// Something that a field can hold.
public protocol ConfigurationValue: Sendable {
  /// Nil when the JSON is of another kind.
  init?(json: JSONValue)
  var json: JSONValue { get }
  static var kind: String { get }
}

extension Int: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let value = json.intValue else { return nil }
    self = value
  }
  public var json: JSONValue { .int(self) }
  public static var kind: String { "a whole number" }
}

extension Double: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let value = json.doubleValue else { return nil }
    self = value
  }
  public var json: JSONValue { .double(self) }
  public static var kind: String { "a number" }
}

extension Bool: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let value = json.boolValue else { return nil }
    self = value
  }
  public var json: JSONValue { .bool(self) }
  public static var kind: String { "true or false" }
}

extension String: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let value = json.stringValue else { return nil }
    self = value
  }
  public var json: JSONValue { .string(self) }
  public static var kind: String { "text" }
}

extension JSONValue: ConfigurationValue {
  public init?(json: JSONValue) { self = json }
  public var json: JSONValue { self }
  public static var kind: String { "any JSON" }
}

extension JSONObject: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let value = json.objectValue else { return nil }
    self = value
  }
  public var json: JSONValue { .object(self) }
  public static var kind: String { "an object" }
}

extension Optional: ConfigurationValue where Wrapped: ConfigurationValue {
  public init?(json: JSONValue) {
    if json.isNull {
      self = .none
    } else {
      guard let value = Wrapped(json: json) else { return nil }
      self = .some(value)
    }
  }
  public var json: JSONValue { self?.json ?? .null }
  public static var kind: String { "\(Wrapped.kind) or null" }
}

extension Array: ConfigurationValue where Element: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let elements = json.arrayValue?.map(Element.init(json:)), !elements.contains(where: { $0 == nil })
    else { return nil }
    self = elements.compactMap(\.self)
  }
  public var json: JSONValue { .array(map(\.json)) }
  public static var kind: String { "a list of \(Element.kind)" }
}

/// Enumerations are stored as their raw strings.
extension ConfigurationValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  public init?(json: JSONValue) {
    guard let value = json.stringValue.flatMap(Self.init(rawValue:)) else { return nil }
    self = value
  }
  public var json: JSONValue { .string(rawValue) }
  public static var kind: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
}
