import Configuration
import Foundation
import NN
import Torch

/// Other names for a base's modules: an adapter that was made when they were called differently.
///
/// ``` `language_model.model=model` ```: what the regular expression on the left finds in a module's path becomes what
/// stands on the right, where `$1` is the first group.
public struct KeyMapping: Sendable {
  private let rules: [@Sendable (String) -> String]

  /// Names as `rename` gives them.
  public init(_ rename: @escaping @Sendable (String) -> String) { rules = [rename] }

  /// - Parameter texts: `REGEX=REPLACEMENT` each; all are applied in order.
  /// - Throws: ``AdapterError`` for a text without `=` or a wrong expression.
  public init(_ texts: [String]) throws {
    rules = try texts.map { text in
      guard let place = text.firstIndex(of: "="), place != text.startIndex else {
        throw AdapterError("the key mapping '\(text)' has no '=': write REGEX=REPLACEMENT")
      }
      let pattern = String(text[..<place])
      _ = try NamePattern(pattern)
      let replacement = String(text[text.index(after: place)...])
      return { $0.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression) }
    }
  }

  public var isEmpty: Bool { rules.isEmpty }

  func path(_ path: String) -> String { rules.reduce(path) { $1($0) } }

  /// The mapping that would turn every one of `unexpected` into one of `missing`, if one prefix explains them all.
  static func suggestion(missing: [String], unexpected: [String]) -> String? {
    let wanted = Set(missing)
    guard let first = unexpected.first, !wanted.isEmpty else { return nil }
    func path(_ key: String) -> Substring {
      key.hasPrefix(AdaptedModel.keyPrefix) ? key.dropFirst(AdaptedModel.keyPrefix.count) : key[...]
    }
    let parts = path(first).split(separator: ".")
    for candidate in missing {
      let target = path(candidate).split(separator: ".")
      let shared = zip(parts.reversed(), target.reversed()).prefix { $0 == $1 }.count
      guard shared > 1 else { continue }
      let old = parts.dropLast(shared).joined(separator: ".")
      let new = target.dropLast(shared).joined(separator: ".")
      func mapped(_ key: String) -> String {
        let rest = old.isEmpty ? path(key) : path(key).dropFirst(old.count + 1)
        return AdaptedModel.keyPrefix + (new.isEmpty ? "" : "\(new).") + rest
      }
      let explains = unexpected.allSatisfy { key in
        (old.isEmpty || path(key).hasPrefix("\(old).")) && wanted.contains(mapped(key))
      }
      guard explains else { continue }
      let left = old.isEmpty ? "^" : "^\(old.replacingOccurrences(of: ".", with: "\\."))\\."
      return "\(left)=\(new.isEmpty ? "" : "\(new).")"
    }
    return nil
  }
}

extension AdapterFolder {
  /// The same adapter under the paths that `mapping` gives.
  ///
  /// - Throws: ``AdapterError`` when two tensors would get one name.
  public func renamed(by mapping: KeyMapping) throws -> AdapterFolder {
    guard !mapping.isEmpty else { return self }
    func key(_ key: String) -> String {
      guard key.hasPrefix(AdaptedModel.keyPrefix) else { return mapping.path(key) }
      return AdaptedModel.keyPrefix + mapping.path(String(key.dropFirst(AdaptedModel.keyPrefix.count)))
    }
    func renamed(_ tensors: [String: Tensor]) throws -> [String: Tensor] {
      try Dictionary(tensors.map { (key($0.key), $0.value) }) { _, _ in
        throw AdapterError("the key mapping gives two tensors one name: make its expression narrower")
      }
    }
    var result = self
    (result.tensors, result.initial) = (try renamed(tensors), try renamed(initial))
    result.shapes = shapes?.renamed(mapping.path)
    var targeting = configuration.method.targeting
    // The file says which layers were meant; an expression, or the end of a path, may not survive the renaming.
    if !layers.isEmpty, configuration.method.targetParameters.isEmpty {
      targeting.modules = .names(layers.map(mapping.path).sorted())
    }
    targeting.modulesToSave = targeting.modulesToSave.map { $0.map(mapping.path) }
    result.configuration.method.targeting = targeting
    guard var lora = result.configuration.method as? LoRA, let old = configuration.method as? LoRA else {
      return result
    }
    lora.parameterNames = lora.parameterNames.map { $0.map(mapping.path) }
    // Patterns too are expressions on the old names: each layer says its own.
    (lora.rankPattern, lora.alphaPattern) = (LayerPattern(), LayerPattern())
    for layer in layers.sorted() {
      if let rank = try old.rankPattern.value(for: layer) {
        lora.rankPattern.entries.append((mapping.path(layer), rank))
      }
      if let alpha = try old.alphaPattern.value(for: layer) {
        lora.alphaPattern.entries.append((mapping.path(layer), alpha))
      }
    }
    result.configuration.method = lora
    return result
  }

  /// Those that have factors; what is adapted together with the layer around it is not told apart.
  private var layers: Set<String> {
    let paths = tensors.keys.compactMap { FactorName.split($0)?.layer }
    return Set(paths.map { FusedOutput.split($0)?.attention ?? $0 })
  }
}
