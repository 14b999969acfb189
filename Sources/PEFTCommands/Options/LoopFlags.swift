import ArgumentParser
import JSON
import Training

/// The flags of the training loop: one for each field of ``TrainingOptions``.
struct LoopFlags: ParsableArguments {
  @Option(help: .field(TrainingOptions.self, "steps")) var steps: Int?
  @Option(help: .field(TrainingOptions.self, "epochs")) var epochs: Double?
  @Option(help: .field(TrainingOptions.self, "batch_size")) var batchSize: Int?
  @Option(help: .field(TrainingOptions.self, "gradient_accumulation")) var gradientAccumulation: Int?
  @Option(help: .field(TrainingOptions.self, "learning_rate")) var learningRate: Double?
  @Option(help: .field(TrainingOptions.self, "head_learning_rate")) var headLearningRate: Double?
  @Option(help: .field(TrainingOptions.self, "loraplus_lr_ratio")) var loraplusLrRatio: Double?
  @Option(help: .field(TrainingOptions.self, "optimizer")) var optimizer: String?
  @Option(help: .field(TrainingOptions.self, "scheduler")) var scheduler: String?
  @Option(help: .field(TrainingOptions.self, "warmup_steps")) var warmupSteps: Int?
  @Option(help: .field(TrainingOptions.self, "weight_decay")) var weightDecay: Double?
  @Option(name: .customLong("adam-beta1"), help: .field(TrainingOptions.self, "adam_beta1")) var beta1:
    Double?
  @Option(name: .customLong("adam-beta2"), help: .field(TrainingOptions.self, "adam_beta2")) var beta2:
    Double?
  @Option(name: .customLong("adam-epsilon"), help: .field(TrainingOptions.self, "adam_epsilon"))
  var epsilon: Double?
  @Option(help: .field(TrainingOptions.self, "max_grad_norm")) var maxGradNorm: Double?
  @Flag(inversion: .prefixedNo, help: .field(TrainingOptions.self, "shuffle")) var shuffle: Bool?
  @Flag(inversion: .prefixedNo, help: .field(TrainingOptions.self, "group_by_length")) var groupByLength:
    Bool?
  @Flag(help: .field(TrainingOptions.self, "packing")) var packing = false
  @Flag(help: .field(TrainingOptions.self, "gradient_checkpointing")) var gradientCheckpointing = false
  @Option(help: .field(TrainingOptions.self, "eval_every")) var evalEvery: Int?
  @Option(help: .field(TrainingOptions.self, "eval_batch_size")) var evalBatchSize: Int?
  @Option(help: .field(TrainingOptions.self, "save_every")) var saveEvery: Int?
  @Option(help: .field(TrainingOptions.self, "save_total_limit")) var saveTotalLimit: Int?
  @Option(help: .field(TrainingOptions.self, "log_every")) var logEvery: Int?
  @Option(help: .field(TrainingOptions.self, "metric_for_best_model")) var metricForBestModel: String?
  @Flag(help: .field(TrainingOptions.self, "load_best_model_at_end")) var loadBestModelAtEnd = false
  @Option(help: .field(TrainingOptions.self, "early_stopping_patience")) var earlyStoppingPatience: Int?
  @Option(help: .field(TrainingOptions.self, "early_stopping_threshold")) var earlyStoppingThreshold: Double?

  /// - Throws: ``Failure`` for values that make no sense.
  func options(seed: UInt64?) throws -> TrainingOptions {
    var values = FlagValues()
    values.set("steps", steps)
    values.set("epochs", epochs)
    values.set("batch_size", batchSize)
    values.set("gradient_accumulation", gradientAccumulation)
    values.set("learning_rate", learningRate)
    values.set("head_learning_rate", headLearningRate)
    values.set("loraplus_lr_ratio", loraplusLrRatio)
    values.set("optimizer", optimizer)
    values.set("scheduler", scheduler)
    values.set("warmup_steps", warmupSteps)
    values.set("weight_decay", weightDecay)
    values.set("adam_beta1", beta1)
    values.set("adam_beta2", beta2)
    values.set("adam_epsilon", epsilon)
    values.set("max_grad_norm", maxGradNorm)
    values.set("shuffle", shuffle)
    values.set("group_by_length", groupByLength)
    values.set("packing", on: packing)
    values.set("gradient_checkpointing", on: gradientCheckpointing)
    values.set("eval_every", evalEvery)
    values.set("eval_batch_size", evalBatchSize)
    values.set("save_every", saveEvery)
    values.set("save_total_limit", saveTotalLimit)
    values.set("log_every", logEvery)
    values.set("metric_for_best_model", metricForBestModel)
    values.set("load_best_model_at_end", on: loadBestModelAtEnd)
    values.set("early_stopping_patience", earlyStoppingPatience)
    values.set("early_stopping_threshold", earlyStoppingThreshold)
    values.set("seed", seed.map { Int(clamping: $0) })
    return try TrainingOptions(flags: values.object)
  }
}

/// The flags about rows of data: one for each field of ``DataOptions``.
struct DataFlags: ParsableArguments {
  @Option(help: .field(DataOptions.self, "max_length")) var maxLength: Int?
  @Option(help: .field(DataOptions.self, "max_target_length")) var maxTargetLength: Int?
  @Flag(help: .field(DataOptions.self, "train_on_prompt")) var trainOnPrompt = false
  @Flag(help: .field(DataOptions.self, "strict")) var strict = false
  @Option(help: "The columns with the texts to classify, one or two, with a comma between.")
  var textColumns: String?
  @Option(help: .field(DataOptions.self, "label_column")) var labelColumn: String?
  @Option(help: .field(DataOptions.self, "glue")) var glue: String?

  func options() throws -> DataOptions {
    var values = FlagValues()
    values.set("max_length", maxLength)
    values.set("max_target_length", maxTargetLength)
    values.set("train_on_prompt", on: trainOnPrompt)
    values.set("strict", on: strict)
    values.set("text_columns", textColumns.map { $0.split(separator: ",").map(String.init) })
    values.set("label_column", labelColumn)
    values.set("glue", glue)
    return try DataOptions(flags: values.object)
  }
}
