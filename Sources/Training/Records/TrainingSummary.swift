import Files
import JSON

/// What a whole run came to: `summary.json`.
public struct TrainingSummary: Sendable {
  public var steps = 0
  /// The loss of the last step.
  public var finalLoss: Double?
  /// The last evaluation, or the best one where the best checkpoint is the result.
  public var evaluation: EvaluationResult?
  public var bestStep: Int?
  public var trainableParameters = 0
  public var totalParameters = 0
  /// Of this session's steps; nil without any.
  public var stepSecondsMedian: Double?
  /// Real tokens over the time of this session's steps.
  public var tokensPerSecond: Double?
  public var peakResidentBytes = 0
  public var seconds = 0.0

  public var json: JSONObject {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.double) ?? .null }
    return [
      "final_loss": number(finalLoss),
      "eval": evaluation.map { .object($0.json) } ?? .null,
      "trainable_parameters": .int(trainableParameters),
      "total_parameters": .int(totalParameters),
      "step_seconds_median": number(stepSecondsMedian),
      "tokens_per_second": number(tokensPerSecond),
      "peak_rss_bytes": .int(peakResidentBytes),
      "steps": .int(steps),
      "best_step": bestStep.map(JSONValue.int) ?? .null,
      "seconds": .double(seconds),
    ]
  }

  public func write(to path: String) throws {
    try AtomicFile.write(path, JSONValue.object(json).serialized(indent: 2) + "\n")
  }
}

/// The middle of the values: the mean of the two middle ones of an even number; nil of none.
public func median(_ values: [Double]) -> Double? {
  let sorted = values.sorted()
  guard let upper = sorted.dropFirst(sorted.count / 2).first else { return nil }
  return sorted.count % 2 == 1 ? upper : (sorted[sorted.count / 2 - 1] + upper) / 2
}
