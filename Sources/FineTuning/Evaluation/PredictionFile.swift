import Files
import Models
import Training

/// What a classifier or a regression predicts for each row, in the layout that GLUE takes: `index` and `prediction`.
public struct PredictionFile: Sendable {
  private let labels: LabelMap?
  private let task: GLUETask?
  private let objective: Objective
  private var predictions: [String]

  /// - Parameter task: spells classes as its leaderboard wants them; nil for the names of the classes.
  /// - Throws: ``TrainingError`` for a model whose rows have no prediction of their own.
  public init(_ model: any Model, objective: Objective, task: GLUETask?, rows: Int) throws {
    guard [.category, .regression, .multiLabel].contains(objective) else {
      throw TrainingError(
        .data,
        "predictions of task \(model.task.rawValue), which has none for whole rows: leave out --predictions")
    }
    (self.objective, self.task) = (objective, task)
    labels = try model.configuration.labelMap(task)
    predictions = Array(repeating: "", count: rows)
  }

  /// - Parameter outputs: the model's, for the row called `index`.
  public mutating func add(_ index: Int, _ outputs: [Double]) {
    switch objective {
    case .category: predictions[index] = name(outputs.indices.max { outputs[$0] < outputs[$1] } ?? 0)
    case .multiLabel:
      predictions[index] = outputs.indices.filter { outputs[$0] > 0 }.map(name).joined(separator: " ")
    default:
      // Similarities are from 0 to 5.
      let values = outputs.map { task == .stsb ? min(5, max(0, $0)) : $0 }
      predictions[index] = values.map(Self.thousandths).joined(separator: " ")
    }
  }

  private func name(_ category: Int) -> String {
    if let task, !task.submitsNames { return "\(category)" }
    let names = labels?.names ?? []
    return category < names.count ? names[category] : "\(category)"
  }

  private static func thousandths(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let whole = Int((abs(value) * 1000).rounded())
    let digits = String(whole % 1000)
    let sign = value < 0 && whole > 0 ? "-" : ""
    return "\(sign)\(whole / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }

  /// - Throws: `FileError` when the file cannot be written.
  public func write(to path: String) throws {
    let lines = predictions.enumerated().map { "\($0.offset)\t\($0.element)\n" }
    try AtomicFile.write(path, "index\tprediction\n" + lines.joined())
  }
}
