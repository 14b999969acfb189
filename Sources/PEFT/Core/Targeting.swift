import Configuration
import JSON
import NN

/// Which layers a method adapts: the rules of `adapter_config.json`, as Hugging Face PEFT applies them.
public struct Targeting: Sendable {
  /// Nil: the usual modules of the architecture.
  public var modules: ModuleSelection?
  public var excluded: ModuleSelection?
  /// Indices of layers; nil or empty for all.
  public var layers: [Int]?
  /// Names of the list that holds the layers; nil for any.
  public var layersPattern: [String]?
  /// Modules that are trained whole and therefore never adapted.
  public var modulesToSave: [String]?

  public init(modules: ModuleSelection? = nil) { self.modules = modules }

  public enum Verdict: Hashable, Sendable { case matched, excluded, other }

  /// Whether the module at path `name` is a target.
  ///
  /// Source: `check_target_module_exists` of PEFT 0.21.
  public func verdict(_ name: String, among selection: ModuleSelection) throws -> Verdict {
    if let excluded, try excluded.matches(name) { return .excluded }
    for module in modulesToSave ?? [] {
      // Here alone PEFT reads these names as expressions; what is captured goes by whole names.
      guard try !NamePattern(#"(?:.*\.)?"# + module + #"(?:\..*)?"#).matchesWhole(name) else {
        return .excluded
      }
    }
    guard try selection.matches(name) else { return .other }
    guard case .names(let names) = selection, !names.contains(name), let layers, !layers.isEmpty else {
      return .matched
    }
    // A module that is named in full is meant whatever its layer.
    guard let index = try layerIndex(of: name) else { return .other }
    return layers.contains(index) ? .matched : .other
  }

  /// The number of the layer that a path lies in: the first numbered component.
  private func layerIndex(of name: String) throws -> Int? {
    let patterns = layersPattern.flatMap { $0.isEmpty || $0 == [""] ? nil : $0 }
    let expressions = patterns?.map { #"(?:(?:^|.*?\.)"# + $0 + #")\.(\d+)\."# } ?? [#".*?\.[^.]*\.(\d+)\."#]
    for expression in expressions {
      if let found = try NamePattern(expression).capture(atStartOf: name) { return Int(found) }
    }
    return nil
  }

  public func validate() throws {
    if case .pattern = modules {
      if let layers, !layers.isEmpty {
        throw ConfigurationError(
          "layers_to_transform", value: layers,
          rule: "needs target_modules to be a list, not a regular expression")
      }
      if let layersPattern, !layersPattern.isEmpty {
        throw ConfigurationError(
          "layers_pattern", value: layersPattern,
          rule: "needs target_modules to be a list, not a regular expression")
      }
    }
    if let layersPattern, !layersPattern.isEmpty, layers == nil {
      throw ConfigurationError("layers_pattern", value: layersPattern, rule: "needs layers_to_transform too")
    }
    for case .pattern(let text)? in [modules, excluded] { _ = try NamePattern(text) }
  }
}

extension Targeting {
  /// `layers_to_transform`, which may be one number.
  var layersField: OneOrMany<Int>? {
    get { layers.map(OneOrMany.init) }
    set { layers = newValue?.values }
  }

  /// `layers_pattern`, which may be one name.
  var layersPatternField: OneOrMany<String>? {
    get { layersPattern.map(OneOrMany.init) }
    set { layersPattern = newValue?.values }
  }
}

/// A list that may be written as its only element.
struct OneOrMany<Value: ConfigurationValue>: ConfigurationValue {
  let values: [Value]

  init(_ values: [Value]) { self.values = values }

  init?(json: JSONValue) {
    guard let values = Value(json: json).map({ [$0] }) ?? [Value](json: json) else { return nil }
    self.values = values
  }
  var json: JSONValue { values.json }
  static var kind: String { "\(Value.kind) or a list" }
}

/// Values that differ from layer to layer, by regular expressions on their names (`rank_pattern`).
public struct LayerPattern<Value: ConfigurationValue>: Sendable {
  /// In the order of the file: the first that matches counts.
  public var entries: [(key: String, value: Value)] = []

  public init() {}

  /// The value for the module at path `name`, if any key matches its end.
  public func value(for name: String) throws -> Value? {
    for (key, value) in entries where try NamePattern(#"(?:.*\.)?(?:"# + key + ")").matchesWhole(name) {
      return value
    }
    return nil
  }

  /// Keys that match none of `names`.
  func unmatched(_ names: [String]) throws -> [String] {
    try entries.map(\.key).filter { key in
      let pattern = try NamePattern(#"(?:.*\.)?(?:"# + key + ")")
      return !names.contains(where: pattern.matchesWhole)
    }
  }
}

extension LayerPattern: ConfigurationValue {
  public init?(json: JSONValue) {
    guard let object = json.objectValue else { return nil }
    for (key, value) in object {
      guard let value = Value(json: value) else { return nil }
      entries.append((key, value))
    }
  }

  public var json: JSONValue {
    var object = JSONObject()
    for (key, value) in entries { object[key] = value.json }
    return .object(object)
  }

  public static var kind: String { "an object of module names and \(Value.kind)" }
}
