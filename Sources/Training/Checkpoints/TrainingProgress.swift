import JSON

/// How far a run has come: everything that decides how it goes on, except tensors.
struct TrainingProgress: Sendable {
  /// Optimizer steps done.
  var step = 0
  /// Of the last step.
  var loss: Double?
  var tokens = 0
  /// Seconds over all sessions.
  var seconds = 0.0
  var evaluation: EvaluationResult?
  var best: Best?
  /// Evaluations since the best one.
  var evaluationsWithoutBetter = 0

  struct Best: Sendable {
    let step: Int
    let evaluation: EvaluationResult
  }

  /// Takes an evaluation in, and says whether it is the best so far.
  mutating func add(_ result: EvaluationResult, metric: String, threshold: Double) throws -> Bool {
    guard let value = result[metric] else {
      let known = result.values.map(\.name).joined(separator: ", ")
      throw TrainingError(.data, "metric_for_best_model is \(metric): this evaluation gives \(known)")
    }
    evaluation = result
    let sign = EvaluationResult.isBetterHigher(metric) ? 1.0 : -1.0
    let gain = best.flatMap { $0.evaluation[metric] }.map { sign * (value - $0) } ?? .infinity
    evaluationsWithoutBetter = gain > threshold ? 0 : evaluationsWithoutBetter + 1
    guard gain > 0 else { return false }
    best = Best(step: step, evaluation: result)
    return true
  }

  var json: JSONObject {
    var object: JSONObject = [
      "step": .int(step), "tokens": .int(tokens), "seconds": .double(seconds),
      "evaluations_without_better": .int(evaluationsWithoutBetter),
    ]
    object["loss"] = loss.map(JSONValue.double)
    object["evaluation"] = evaluation.map { .object($0.json) }
    object["best"] = best.map { ["step": .int($0.step), "evaluation": .object($0.evaluation.json)] }
    return object
  }

  init() {}

  init?(json object: JSONObject) {
    guard let step = object["step"]?.intValue, step >= 0 else { return nil }
    self.step = step
    loss = object["loss"]?.doubleValue
    tokens = object["tokens"]?.intValue ?? 0
    seconds = object["seconds"]?.doubleValue ?? 0
    evaluationsWithoutBetter = object["evaluations_without_better"]?.intValue ?? 0
    evaluation = object["evaluation"]?.objectValue.map(EvaluationResult.init(json:))
    if let best = object["best"]?.objectValue, let step = best["step"]?.intValue,
      let found = best["evaluation"]?.objectValue
    {
      self.best = Best(step: step, evaluation: EvaluationResult(json: found))
    }
  }
}
