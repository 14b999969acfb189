import ArgumentParser
import Configuration
import JSON

/// Help and values of flags that set the fields of a configuration; the field says what it is and what its default is.
extension ArgumentHelp {
  static func field<Root: Configuration>(_ type: Root.Type, _ key: String) -> ArgumentHelp {
    guard let field = Root.fields.first(where: { $0.key == key }) else { return ArgumentHelp(key) }
    let text = field.help.prefix(1).uppercased() + field.help.dropFirst()
    let choices = field.kind.hasPrefix("one of ") ? ": \(field.kind.dropFirst(7))" : ""
    guard let value = Root().json[key], !value.isNull, value.boolValue != false else {
      return ArgumentHelp("\(text)\(choices).")
    }
    return ArgumentHelp(
      "\(text)\(choices) (default: \(value.stringValue ?? value.serialized(ascii: false))).")
  }
}

extension Configuration {
  /// The defaults with what flags set; a mistake is told in the flag's name.
  ///
  /// - Throws: ``Failure`` of wrong usage.
  init(flags object: JSONObject) throws {
    do {
      try self.init(object)
    } catch let error as ConfigurationError {
      let flag = "--" + error.field.map { $0 == "_" ? "-" : String($0) }.joined()
      let rest = error.description.dropFirst(error.field.count)
      let kind = Self.fields.first { $0.key == error.field }?.kind ?? ""
      var hint = ""
      if kind.hasPrefix("one of "), let value = object[error.field]?.stringValue {
        let choices = kind.dropFirst(7).split(separator: ",").map { $0.filter { $0 != " " } }
        hint = Suggestion.hint(value, among: choices.map { String($0) })
      }
      throw Failure(.usage, "\(flag)\(rest)\(hint)")
    }
  }
}

/// Values of flags as the fields that they set; flags that were not given set nothing.
struct FlagValues {
  private(set) var object = JSONObject()

  mutating func set(_ key: String, _ value: (any ConfigurationValue)?) {
    if let value { object[key] = value.json }
  }

  /// A flag that can only be turned on.
  mutating func set(_ key: String, on value: Bool) { if value { object[key] = true } }
}
