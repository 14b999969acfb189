import JSON

/// The classes of a classification task: their names, in the order of the model's outputs.
public struct LabelMap: Sendable, Hashable {
  public let names: [String]
  private let ids: [String: Int]

  public init(_ names: [String]) {
    self.names = names
    ids = Dictionary(
      names.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// The class that a row's label means: its name, or its number.
  public func id(of label: JSONValue) -> Int? {
    if let name = label.stringValue {
      if let id = ids[name] { return id }
      return Int(name).flatMap { names.indices.contains($0) ? $0 : nil }
    }
    if let flag = label.boolValue { return ids[flag ? "True" : "False"] ?? (flag ? 1 : 0) }
    return label.intValue.flatMap { names.indices.contains($0) ? $0 : nil }
  }
}

/// What a column of labels asks a model to learn.
public struct LabelKind: Sendable, Hashable {
  public let objective: Objective
  /// The outputs that it needs.
  public let names: [String]

  /// Tells from the labels themselves: whole numbers and names are classes, other numbers are a regression, lists are
  /// several labels that are each true or false.
  ///
  /// Classes that are numbers are counted from 0; names are in alphabetical order, as in transformers' examples.
  /// - Throws: ``TrainingError`` when the labels are not all of one kind.
  public init(_ labels: [JSONValue]) throws {
    let names = (
      count: { (count: Int) in (0..<count).map { "LABEL_\($0)" } }, of: labels.compactMap(\.stringValue)
    )
    if let first = labels.first?.arrayValue {
      guard labels.allSatisfy({ $0.arrayValue?.count == first.count }), !first.isEmpty else {
        throw TrainingError(
          .data, "lists of labels are of different lengths: give each row one entry for each label")
      }
      (objective, self.names) = (.multiLabel, names.count(first.count))
    } else if labels.allSatisfy({ LabelKind.number($0) != nil }) {
      if labels.allSatisfy({ LabelKind.whole($0) != nil }) {
        let largest = labels.compactMap(LabelKind.whole).max() ?? 0
        guard let smallest = labels.compactMap(LabelKind.whole).min(), smallest >= 0, largest < 1 << 20 else {
          throw TrainingError(.data, "labels that are whole numbers must be 0, 1, 2, ...: rename the classes")
        }
        (objective, self.names) = (.category, names.count(max(2, largest + 1)))
      } else {
        (objective, self.names) = (.regression, names.count(1))
      }
    } else if names.of.count == labels.count {
      (objective, self.names) = (
        .category, Set(names.of).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
      )
    } else if labels.allSatisfy({ $0.boolValue != nil }) {
      (objective, self.names) = (.category, ["False", "True"])
    } else {
      throw TrainingError(.data, "labels are of several kinds: use numbers or names throughout")
    }
  }

  /// Classes of these names, in this order.
  public init(classes names: [String]) { (objective, self.names) = (.category, names) }

  /// What a task of GLUE asks for, whatever its labels look like.
  public init(_ task: GLUETask) {
    (objective, names) = (task.objective, task.classes.isEmpty ? ["LABEL_0"] : task.classes)
  }

  static func number(_ label: JSONValue) -> Double? {
    label.doubleValue ?? label.stringValue.flatMap(Double.init)
  }

  /// The label as a class number, if it is spelled as one: `3` and not `3.0`.
  private static func whole(_ label: JSONValue) -> Int? {
    if let number = label.numberValue { return number.isInteger ? number.intValue : nil }
    return label.stringValue.flatMap { Int($0) }
  }
}
