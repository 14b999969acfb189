import JSON

/// The names of the classes that a classifier tells apart, in the order of its logits.
public struct ClassLabels: Sendable, Hashable {
  public let names: [String]

  public init(_ names: [String]) { self.names = names }

  /// Classes without names of their own.
  public init(count: Int) { names = (0..<max(count, 0)).map { "LABEL_\($0)" } }

  public var count: Int { names.count }
}

extension ModelConfiguration {
  /// The classes: those of `id2label`, else `num_labels` without names, else two, as in transformers.
  public var labels: ClassLabels {
    get throws {
      guard let table: JSONObject = try optional("id2label") else {
        let count = try size("num_labels", default: 2)
        guard count <= 1_000_000 else { throw invalid("num_labels", "must be at most 1000000") }
        return ClassLabels(count: count)
      }
      guard !table.isEmpty else { throw invalid("id2label", "must name at least one class") }
      var names = [String?](repeating: nil, count: table.count)
      for (key, value) in table {
        guard let id = Int(key), names.indices.contains(id), let name = value.stringValue else {
          throw invalid("id2label", "must name the classes \"0\" to \"\(table.count - 1)\"")
        }
        names[id] = name
      }
      return ClassLabels(names.compactMap(\.self))
    }
  }

  /// The same model with other classes.
  public func with(_ labels: ClassLabels) -> ModelConfiguration {
    var changed = self
    changed.raw["id2label"] = .object(
      JSONObject(labels.names.enumerated().map { (key: String($0.offset), value: .string($0.element)) }))
    changed.raw["label2id"] = .object(
      JSONObject(labels.names.enumerated().map { (key: $0.element, value: .int($0.offset)) }))
    changed.raw["num_labels"] = nil
    return changed
  }
}
