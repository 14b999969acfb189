import Configuration

/// Every option of the training loop, with its default.
public struct TrainingOptions: Configuration {
  public var steps: Int?
  public var epochs: Double?
  public var batchSize = 8
  public var gradientAccumulation = 1
  public var learningRate = 2e-4
  public var headLearningRate: Double?
  public var loraPlusRatio: Double?
  public var scheduler = LearningRateSchedule.linear
  public var warmupSteps = 0
  public var weightDecay = 0.0
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var optimizer = OptimizerKind.adamW
  public var epsilon: Double?
  public var maxGradNorm = 1.0
  public var shuffle = true
  public var groupByLength = false
  public var packing = false
  public var gradientCheckpointing = false
  public var evalEvery = 0
  public var evalBatchSize: Int?
  public var saveEvery = 500
  public var saveLimit = 2
  public var logEvery = 1
  public var bestMetric: String?
  public var loadBest = false
  public var patience = 0
  public var patienceThreshold = 0.0
  public var seed = 42

  /// Passes over the data when neither `steps` nor `epochs` is given.
  public static let defaultEpochs = 3.0

  public init() {}

  public static let fields: [Field<TrainingOptions>] = [
    Field("steps", \.steps, "optimizer steps; instead of epochs"),
    Field("epochs", \.epochs, "passes over the data (3 when there are no steps either)"),
    Field("batch_size", \.batchSize, "rows in one forward pass"),
    Field("gradient_accumulation", \.gradientAccumulation, "forward passes whose gradients make one step"),
    Field("learning_rate", \.learningRate, "the highest learning rate"),
    Field("head_learning_rate", \.headLearningRate, "the learning rate of a fresh classification head"),
    Field("loraplus_lr_ratio", \.loraPlusRatio, "LoRA+: how many times faster lora_B learns than lora_A"),
    Field("optimizer", \.optimizer, "how gradients become updates"),
    Field("scheduler", \.scheduler, "how the learning rate goes on after warm-up"),
    Field("warmup_steps", \.warmupSteps, "steps over which the learning rate rises from 0"),
    Field("weight_decay", \.weightDecay, "decoupled weight decay (not on biases and norms)"),
    Field("adam_beta1", \.beta1, "decay of AdamW's mean of gradients"),
    Field("adam_beta2", \.beta2, "decay of AdamW's mean of squared gradients"),
    Field("adam_epsilon", \.epsilon, "AdamW's term against division by zero (1e-8; 1e-6 for lora-fa)"),
    Field("max_grad_norm", \.maxGradNorm, "the norm that gradients are clipped to; 0 for no clipping"),
    Field("shuffle", \.shuffle, "whether every epoch has an order of its own"),
    Field("group_by_length", \.groupByLength, "whether shuffled batches hold rows of similar length"),
    Field("packing", \.packing, "whether short rows share a row of the batch, without seeing each other"),
    Field(
      "gradient_checkpointing", \.gradientCheckpointing, "compute activations twice instead of keeping them"),
    Field("eval_every", \.evalEvery, "steps between evaluations; 0 for one at the end"),
    Field("eval_batch_size", \.evalBatchSize, "rows in one pass of an evaluation (as in training)"),
    Field("save_every", \.saveEvery, "steps between checkpoints; 0 for one at the end"),
    Field("save_total_limit", \.saveLimit, "checkpoints to keep besides the best; 0 for all"),
    Field("log_every", \.logEvery, "steps between lines of metrics.jsonl"),
    Field(
      "metric_for_best_model", \.bestMetric,
      "the evaluation result that tells which checkpoint is best (loss)"),
    Field("load_best_model_at_end", \.loadBest, "whether the result is the best checkpoint, not the last"),
    Field(
      "early_stopping_patience", \.patience,
      "evaluations without a better result before stopping; 0 for never"),
    Field("early_stopping_threshold", \.patienceThreshold, "by how much a result must be better to count"),
    Field("seed", \.seed, "of the order of rows and of dropout"),
  ]

  public func validate() throws {
    try check("steps", steps, "must be at least 1") { $0 >= 1 }
    try check("epochs", epochs, "must be more than 0") { $0 > 0 && $0.isFinite }
    if let steps, epochs != nil {
      throw ConfigurationError("steps", value: steps, rule: "give steps or epochs, not both")
    }
    try check("batch_size", batchSize, "must be at least 1") { $0 >= 1 }
    try check("eval_batch_size", evalBatchSize, "must be at least 1") { $0 >= 1 }
    try check("gradient_accumulation", gradientAccumulation, "must be at least 1") { $0 >= 1 }
    try check("learning_rate", learningRate, "must be at least 0") { $0 >= 0 && $0.isFinite }
    try check("head_learning_rate", headLearningRate, "must be at least 0") { $0 >= 0 && $0.isFinite }
    if let headLearningRate, learningRate == 0 {
      throw ConfigurationError(
        "head_learning_rate", value: headLearningRate, rule: "needs a learning_rate above 0")
    }
    try check("loraplus_lr_ratio", loraPlusRatio, "must be more than 0") { $0 > 0 && $0.isFinite }
    try check("warmup_steps", warmupSteps, "must be at least 0") { $0 >= 0 }
    try check("weight_decay", weightDecay, "must be at least 0") { $0 >= 0 && $0.isFinite }
    try check("adam_beta1", beta1, "must be at least 0 and below 1") { $0 >= 0 && $0 < 1 }
    try check("adam_beta2", beta2, "must be at least 0 and below 1") { $0 >= 0 && $0 < 1 }
    try check("adam_epsilon", epsilon, "must be more than 0") { $0 > 0 && $0.isFinite }
    try check("max_grad_norm", maxGradNorm, "must be at least 0 (0 for no clipping)") {
      $0 >= 0 && $0.isFinite
    }
    try check("eval_every", evalEvery, "must be at least 0") { $0 >= 0 }
    try check("save_every", saveEvery, "must be at least 0") { $0 >= 0 }
    try check("save_total_limit", saveLimit, "must be at least 0") { $0 >= 0 }
    try check("log_every", logEvery, "must be at least 1") { $0 >= 1 }
    try check("early_stopping_patience", patience, "must be at least 0") { $0 >= 0 }
    try check("early_stopping_threshold", patienceThreshold, "must be at least 0") { $0 >= 0 && $0.isFinite }
    try check("seed", seed, "must be at least 0") { $0 >= 0 }
  }

  private func check<Value>(_ key: String, _ value: Value?, _ rule: String, _ holds: (Value) -> Bool) throws {
    guard let value, !holds(value) else { return }
    throw ConfigurationError(key, value: value, rule: rule)
  }
}

extension TrainingOptions {
  /// Whether the result is the best checkpoint: early stopping is about it.
  public var keepsBest: Bool { loadBest || patience > 0 }

  /// The learning rate of an optimizer step, counted from 0.
  public func learningRate(step: Int, total: Int) -> Double {
    learningRate * scheduler.factor(step: step, warmup: warmupSteps, total: total)
  }
}
