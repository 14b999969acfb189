import JSON

/// A component of `tokenizer.json`, read field by field; whatever is wrong names the component and the field.
struct Fields {
  let object: JSONObject
  /// Where it stands, as in `normalizer.normalizers[1]`.
  let path: String

  /// - Throws: `TokenizerError` when `value` is not an object.
  init(_ value: JSONValue, at path: String) throws {
    guard let object = value.objectValue else {
      throw TokenizerError("\(kind(of: value)), at \(path): an object is needed here")
    }
    self.object = object
    self.path = path
  }

  /// The component's `type`.
  var type: String? { object["type"]?.stringValue }

  /// A field that is there and not null.
  subscript(_ name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  func missing(_ name: String, _ wanted: String) -> TokenizerError {
    let found = object[name].map(kind(of:)) ?? "nothing"
    return TokenizerError("\(found), at \(path).\(name): \(wanted) is needed here")
  }

  func string(_ name: String) throws -> String {
    guard let value = self[name]?.stringValue else { throw missing(name, "a string") }
    return value
  }

  func string(_ name: String, default standard: String) throws -> String {
    self[name] == nil ? standard : try string(name)
  }

  func bool(_ name: String) throws -> Bool {
    guard let value = self[name]?.boolValue else { throw missing(name, "true or false") }
    return value
  }

  func bool(_ name: String, default standard: Bool) throws -> Bool {
    self[name] == nil ? standard : try bool(name)
  }

  func int(_ name: String) throws -> Int {
    guard let value = self[name]?.intValue, value >= 0 else { throw missing(name, "a number from 0 up") }
    return value
  }

  func int(_ name: String, default standard: Int) throws -> Int {
    self[name] == nil ? standard : try int(name)
  }

  /// A single character.
  func scalar(_ name: String) throws -> UInt32 {
    let text = try string(name)
    guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
      throw missing(name, "a single character")
    }
    return scalar.value
  }

  func array(_ name: String) throws -> [JSONValue] {
    guard let value = self[name]?.arrayValue else { throw missing(name, "an array") }
    return value
  }

  func fields(_ name: String) throws -> Fields {
    guard let value = self[name] else { throw missing(name, "an object") }
    return try Fields(value, at: "\(path).\(name)")
  }

  /// The parts of a sequence, each with its own path.
  func parts<Part>(_ name: String, _ make: (JSONValue, String) throws -> Part) throws -> [Part] {
    try array(name).enumerated().map { try make($1, "\(path).\(name)[\($0)]") }
  }

  /// The error for a component this library does not know.
  func unknown(_ role: String) -> TokenizerError {
    guard let type else { return missing("type", "the name of the \(role)") }
    return TokenizerError("\(role) \"\(type)\", at \(path): it is none of those that tokenizer.json defines")
  }
}

/// What kind of JSON a value is, for messages.
private func kind(of value: JSONValue) -> String {
  switch value {
  case .null: "null"
  case .bool: "a boolean"
  case .number: "a number"
  case .string: "a string"
  case .array: "an array"
  case .object: "an object"
  }
}
