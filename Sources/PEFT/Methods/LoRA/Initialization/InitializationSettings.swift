import Configuration
import JSON

extension LoRA {
  /// The settings under `key` (such as `eva_config`), the defaults where there are none.
  ///
  /// - Throws: ``ConfigurationError`` naming the field within.
  func settings<Settings: Configuration>(_ type: Settings.Type, of key: String) throws -> Settings {
    let value = taskSpecific[key]
    guard !value.isNull else { return Settings() }
    guard let object = value.objectValue else {
      throw ConfigurationError(key, value: value.serialized(), rule: "must be an object or null")
    }
    if let unknown = Settings.unknownKeys(in: object).first {
      let known = Settings.fields.map(\.key)
      let hint = NearestName.find(unknown, among: known).map { " (did you mean \($0)?)" } ?? ""
      throw ConfigurationError(
        key, value: value.serialized(),
        rule: "'\(unknown)' is none of \(known.joined(separator: ", "))\(hint)")
    }
    do {
      return try Settings(object)
    } catch let error as ConfigurationError {
      throw error.inside(key)
    }
  }
}
