import Configuration
import JSON
import NN

/// How modules are named in a configuration: a list of names, or one regular expression.
public enum ModuleSelection: Hashable, Sendable {
  /// Each matches a whole path or its end after a dot; never a regular expression.
  case names([String])
  /// Matches a whole path.
  case pattern(String)

  public static let allLinear = ModuleSelection.pattern("all-linear")

  var isAllLinear: Bool {
    if case .pattern(let text) = self { text.lowercased() == "all-linear" } else { false }
  }

  /// What `--target-modules` means: a regular expression when it has any character of one, else names.
  public init(commandLine text: String) {
    let isPattern = text.contains { #"\^$*+?([|"#.contains($0) }
    let names = text.split(separator: ",").map { String($0).trimmingSpaces() }.filter { !$0.isEmpty }
    self = isPattern || text == "all-linear" ? .pattern(text) : .names(names)
  }

  func matches(_ name: String) throws -> Bool {
    switch self {
    case .names(let names): names.contains { name == $0 || name.hasSuffix(".\($0)") }
    case .pattern(let text): try NamePattern(text).matchesWhole(name)
    }
  }
}

extension ModuleSelection: ConfigurationValue {
  public init?(json: JSONValue) {
    if let text = json.stringValue {
      self = .pattern(text)
    } else if let names = [String](json: json) {
      self = .names(names)
    } else {
      return nil
    }
  }

  /// Hugging Face keeps lists as sets; sorting them makes the file the same every time.
  public var json: JSONValue {
    switch self {
    case .names(let names): .array(names.sorted().map(JSONValue.string))
    case .pattern(let text): .string(text)
    }
  }

  public static var kind: String { "a list of names, a regular expression or all-linear" }
}

extension String {
  func trimmingSpaces() -> String {
    let scalars = unicodeScalars.drop { $0.properties.isWhitespace }
    guard let end = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
    return String(scalars[...end])
  }
}
