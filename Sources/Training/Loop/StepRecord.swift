import JSON

/// What one optimizer step did.
public struct StepRecord: Sendable {
  /// Optimizer steps done, this one included.
  public let step: Int
  /// The mean over the step's targets, without regularization.
  public let loss: Double
  /// What the method added to the objective; nil when it adds nothing.
  public let regularization: Double?
  public let learningRate: Double
  /// Over all trainable tensors, before clipping.
  public let gradNorm: Double
  /// Tokens that were not padding.
  public let tokens: Int
  public let seconds: Double
  /// The method's own values, such as AdaLoRA's `ranks`.
  public let trace: JSONObject

  public var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }

  /// A line of `metrics.jsonl`.
  public var json: JSONObject {
    var object: JSONObject = ["step": .int(step), "loss": .double(loss)]
    object["regularization"] = regularization.map(JSONValue.double)
    object["learning_rate"] = .double(learningRate)
    object["grad_norm"] = .double(gradNorm)
    object["tokens"] = .int(tokens)
    object["tokens_per_second"] = .double(tokensPerSecond)
    for (key, value) in trace { object[key] = value }
    return object
  }
}
