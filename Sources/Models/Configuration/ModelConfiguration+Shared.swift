import Configuration
import JSON
import NN

/// What every family reads the same way.
extension ModelConfiguration {
  /// An activation function by its name in config.json.
  func activation(_ key: String, default fallback: Activation) throws -> Activation {
    guard let name: String = try optional(key) else { return fallback }
    guard let activation = Activation(rawValue: name) else {
      let names = Activation.allCases.map(\.rawValue)
      let guess = NearestName.find(name, among: names).map { "; the closest is \($0)" } ?? ""
      throw invalid(key, "supported are \(names.joined(separator: ", "))\(guess)")
    }
    return activation
  }
}
