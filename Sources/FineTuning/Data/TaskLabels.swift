import JSON
import Models
import Training

/// What the labels of the data ask of a model that classifies: which objective, and which classes a new head has.
public struct TaskLabels: Sendable {
  public let objective: Objective
  /// Nil: those of config.json, or of an adapter's head.
  public let classes: ClassLabels?

  /// - Parameters:
  ///   - rows: those to train or score on.
  ///   - config: of the base model; its classes are kept when the labels are among them.
  /// - Throws: ``TrainingError`` when labels are missing or of several kinds.
  public init(_ rows: [DataRow], task: ModelTask, options: DataOptions, config: ModelConfiguration) throws {
    switch task {
    case .causalLM: self.init(.nextToken, nil)
    case .seq2seqLM: self.init(.sequence, nil)
    case .maskedLM: self.init(.maskedToken, nil)
    case .questionAnswering: self.init(.answer, nil)
    case .featureExtraction:
      throw TrainingError(
        .data, "task feature-extraction, which has nothing to learn from: choose another --task")
    case .tokenClassification:
      let largest = rows.lazy.flatMap { $0["labels"]?.arrayValue ?? [] }.compactMap(\.intValue).max() ?? 1
      let fits = try config.namesLabels && config.labels.count > largest
      self.init(.tokenLabels, fits ? nil : ClassLabels(count: max(2, largest + 1)))
    case .imageClassification:
      let labels = try rows.map { try ClassificationRow.label($0, options) }
      let kind = try LabelKind(ofPictures: labels)
      let fits = try config.namesLabels && config.labels.names(labels)
      self.init(kind.objective, kind.objective == .category && fits ? nil : ClassLabels(kind.names))
    case .sequenceClassification:
      let labels = try rows.map { try ClassificationRow.label($0, options) }
      let kind = try options.glue.map { LabelKind($0) } ?? LabelKind(labels)
      let names = try config.labels.names
      if try kind.objective == .regression || config.isRegression {
        self.init(.regression, ClassLabels(count: 1))
      } else if kind.objective == .multiLabel {
        self.init(.multiLabel, names.count == kind.names.count ? nil : ClassLabels(kind.names))
      } else {
        let known = LabelMap(names)
        let fits = config.namesLabels && labels.allSatisfy { known.id(of: $0) != nil }
        self.init(.category, fits ? nil : ClassLabels(kind.names))
      }
    }
  }

  /// What scoring asks of a model that has its head already: only the objective is told from the labels.
  ///
  /// - Parameter needsTargets: false for rows whose labels do not matter.
  public init(
    scoring rows: [DataRow], on model: any Model, options: DataOptions, needsTargets: Bool = true
  ) throws {
    switch model.task {
    case .causalLM: self.init(.nextToken, nil)
    case .seq2seqLM: self.init(.sequence, nil)
    case .maskedLM: self.init(.maskedToken, nil)
    case .questionAnswering: self.init(.answer, nil)
    case .featureExtraction:
      throw TrainingError(
        .data, "task feature-extraction, which has no score: use peft embed, or choose another --task")
    case .tokenClassification: self.init(.tokenLabels, nil)
    case .sequenceClassification, .imageClassification:
      let isRegression = try model.configuration.labels.count == 1
      guard needsTargets else {
        self.init(isRegression ? .regression : .category, nil)
        return
      }
      let kind =
        try options.glue.map { LabelKind($0) }
        ?? LabelKind(rows.map { try ClassificationRow.label($0, options) })
      self.init(isRegression ? .regression : kind.objective, nil)
    }
  }

  private init(_ objective: Objective, _ classes: ClassLabels?) {
    (self.objective, self.classes) = (objective, classes)
  }
}

extension ModelConfiguration {
  /// The classes by name; a task's own names where those of the model say nothing.
  func labelMap(_ task: GLUETask?) throws -> LabelMap {
    let labels = try labels
    if let names = task?.classes, names.count == labels.count, labels == ClassLabels(count: labels.count) {
      return LabelMap(names)
    }
    return LabelMap(labels.names)
  }

  /// Whether the file itself says which classes there are.
  var namesLabels: Bool { raw["id2label"] != nil || raw["num_labels"] != nil }

  fileprivate var isRegression: Bool {
    get throws {
      let problem: String? = try optional("problem_type")
      return try problem == "regression" || (namesLabels && labels.count == 1)
    }
  }
}

extension LabelKind {
  /// The classes of pictures: their folders' names stay names, also where they look like numbers.
  fileprivate init(ofPictures labels: [JSONValue]) throws {
    let names = labels.compactMap(\.stringValue)
    guard names.count == labels.count, !names.isEmpty else {
      try self.init(labels)
      return
    }
    self.init(classes: Set(names).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) })
  }
}

extension ClassLabels {
  /// Whether all of these labels are among the classes: by their names, or by numbers where names say nothing.
  fileprivate func names(_ labels: [JSONValue]) -> Bool {
    let (known, isPlain) = (Set(names), self == ClassLabels(count: count))
    return labels.allSatisfy { label in
      if let name = label.stringValue {
        return known.contains(name) || (isPlain && Int(name).map { (0..<count).contains($0) } ?? false)
      }
      return label.intValue.map { (0..<count).contains($0) } ?? false
    }
  }
}
