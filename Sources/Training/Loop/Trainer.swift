import Configuration
import Files
import JSON
import NN
import Torch

/// The training loop.
///
/// A run writes, into its output folder, what the model saves, `metrics.jsonl`, `summary.json`, `report.html` and
/// `checkpoints/`. A run that was interrupted at any moment, even by `kill -9`, goes on from its last checkpoint with
/// the very bits that it would have had: parameters, optimizer, order of data, random numbers and hooks are restored.
public final class Trainer {
  private let model: any TrainableModel
  private let options: TrainingOptions
  private let plan: BatchPlan
  private let source: StepSource
  private let evaluator: Evaluator?
  private let step: GradientStep
  private let checkpoints: CheckpointFolder
  private let identity: RunIdentity
  private let output: String
  private let resumes: Bool
  private var description: RunDescription
  private var progress = TrainingProgress()
  private var stepSeconds: [Double] = []
  private var sessionTokens = 0

  /// - Parameters:
  ///   - evaluation: examples to score the model on; nil for none.
  ///   - output: the folder to write into.
  ///   - identity: what makes this run what it is besides options and data, such as model and method; a resumed run
  ///     must have the same.
  ///   - description: what the report says of the run.
  ///   - resume: whether to go on from the last checkpoint in `output`; without one the run begins anew.
  /// - Throws: ``TrainingError`` or ``ConfigurationError`` when the run makes no sense; nothing is written then.
  public init(
    _ model: any TrainableModel, on examples: ExampleSet, evaluation: ExampleSet? = nil,
    options: TrainingOptions, output: String, identity: JSONObject = JSONObject(),
    description: RunDescription = RunDescription(), resume: Bool = false
  ) throws {
    try options.validate()
    self.model = model
    self.options = options
    plan = try BatchPlan(
      lengths: examples.examples.map(\.ids.count), capacity: examples.packingCapacity, options: options)
    source = StepSource(
      plan, set: examples, objective: model.objective, seed: options.seed, device: model.device)
    evaluator = try evaluation.map {
      try Evaluator(
        $0.examples, batchSize: options.evalBatchSize ?? options.batchSize, padding: $0.padding,
        masking: $0.masking)
    }
    guard evaluator != nil || !options.keepsBest else {
      throw TrainingError(
        .data, "keeping the best checkpoint needs evaluation data: give some, or do not ask for it")
    }
    step = try GradientStep(model, options: options, totalSteps: plan.totalSteps)
    checkpoints = CheckpointFolder(path: Folder.join(output, "checkpoints"), limit: options.saveLimit)
    self.identity = RunIdentity(
      options: options, examples: examples.examples, parameters: step.parameters,
      hasHooks: !step.hooks.isEmpty,
      extra: identity)
    (self.output, resumes) = (output, resume)
    self.description = description
    self.description.configuration["training"] = .object(options.json)
  }

  /// Asked after every step; true saves the state and ends the run.
  public var shouldStop: () -> Bool = { false }

  /// The last complete checkpoint of a run in the folder `output`; nil when there is none.
  public static func latestCheckpoint(in output: String) throws -> String? {
    let checkpoints = CheckpointFolder(path: Folder.join(output, "checkpoints"), limit: 0)
    return try checkpoints.steps.last.map(checkpoints.folder(step:))
  }

  /// Optimizer steps of the whole run.
  public var totalSteps: Int { plan.totalSteps }

  /// Trains to the end.
  ///
  /// - Parameter report: told what happens.
  /// - Throws: ``TrainingError`` with code `.interrupted` when ``shouldStop`` said so; whatever stopped the run else.
  @discardableResult
  public func run(_ report: (TrainingEvent) throws -> Void = { _ in }) throws -> TrainingSummary {
    try begin()
    try description.write(to: Folder.join(output, "run.json"))
    let metrics = try MetricsFile(Folder.join(output, "metrics.jsonl"), keepingUpTo: progress.step)
    try report(.started(step: progress.step, totalSteps: plan.totalSteps))
    model.isTraining = true
    defer { model.isTraining = false }

    while progress.step < plan.totalSteps, !isOutOfPatience {
      let record = try takeStep()
      try report(.stepped(record, totalSteps: plan.totalSteps))
      let isLast = progress.step == plan.totalSteps
      var (line, hasResult, isBest) = (record.json, false, false)
      if let evaluator, isLast || isDue(options.evalEvery) {
        let result = try evaluator.evaluate(model)
        isBest = try progress.add(
          result, metric: options.bestMetric ?? "loss", threshold: options.patienceThreshold)
        for (name, value) in result.json { line["eval_\(name)"] = value }
        hasResult = true
        try report(.evaluated(step: progress.step, result))
      }
      if hasResult || isLast || isDue(options.logEvery) { try metrics.append(line) }
      let stops = shouldStop()
      if isLast || stops || isDue(options.saveEvery) || isBest && options.keepsBest || isOutOfPatience {
        metrics.synchronize()
        try report(.saved(step: progress.step, folder: try save()))
        try RunPage.write(output)
      }
      if stops, !isLast, !isOutOfPatience {
        throw TrainingError(
          .interrupted,
          "interrupted after step \(progress.step) of \(plan.totalSteps), \(output): "
            + "the state is saved; go on with --resume")
      }
    }
    return try finish()
  }

  /// Everything as it was at the last checkpoint, or as a fresh run has it.
  private func begin() throws {
    try Folder.create(output)
    try AtomicFolder.sweep(checkpoints.path)
    guard resumes, let checkpoint = try checkpoints.latest() else {
      guard try checkpoints.steps.isEmpty else {
        throw TrainingError(
          .checkpoint,
          "checkpoints of an earlier run, \(checkpoints.path): resume it, or choose another folder")
      }
      try Generator.seedAll(UInt64(clamping: options.seed))
      return
    }
    let differences = identity.differences(from: checkpoint.identity)
    guard differences.isEmpty else {
      throw TrainingError(
        .checkpoint,
        "\(differences.joined(separator: ", ")) differ from the run to resume, \(checkpoint.folder): "
          + "resume with what it was begun with, or begin a new run")
    }
    try restore(checkpoint)
    progress = checkpoint.progress
    // A session that did not keep the best may have dropped it.
    if let best = progress.best, try !checkpoints.steps.contains(best.step) { progress.best = nil }
  }

  private func takeStep() throws -> StepRecord {
    let clock = ContinuousClock()
    let start = clock.now
    let work = try source.batches(step: progress.step)
    let rate = options.learningRate(step: progress.step, total: plan.totalSteps)
    let outcome: GradientStep.Outcome
    do {
      outcome = try step(work, step: progress.step + 1, rate: rate)
    } catch let error as TorchError where error.code == .memory {
      let shapes = work.batches.map { "\($0.ids.shape)" }.joined(separator: ", ")
      throw TrainingError(
        .memory,
        "out of memory in step \(progress.step + 1), batch \(shapes): lower batch_size or max_length, "
          + "or turn on gradient_checkpointing")
    }
    let seconds = (clock.now - start) / .seconds(1)
    stepSeconds.append(seconds)
    sessionTokens += work.tokenCount
    progress.step += 1
    progress.loss = outcome.loss
    progress.tokens += work.tokenCount
    progress.seconds += seconds
    return StepRecord(
      step: progress.step, loss: outcome.loss, regularization: outcome.regularization, learningRate: rate,
      gradNorm: outcome.gradNorm, tokens: work.tokenCount, seconds: seconds,
      trace: JSONObject(step.hooks.flatMap { $0.trace?.objectValue?.members ?? [] }))
  }

  private func isDue(_ interval: Int) -> Bool { interval > 0 && progress.step % interval == 0 }

  private var isOutOfPatience: Bool {
    options.patience > 0 && progress.evaluationsWithoutBetter >= options.patience
  }

  /// Chooses the result, saves it and sums the run up.
  private func finish() throws -> TrainingSummary {
    if options.keepsBest, let best = progress.best, best.step != progress.step {
      try restore(Checkpoint(reading: checkpoints.folder(step: best.step)))
    }
    try model.save(to: output)
    var summary = TrainingSummary()
    summary.steps = progress.step
    summary.finalLoss = progress.loss
    summary.evaluation = options.keepsBest ? progress.best?.evaluation : progress.evaluation
    summary.bestStep = progress.best?.step
    summary.trainableParameters = step.parameters.reduce(0) { $0 + $1.tensor.count }
    summary.totalParameters = model.totalParameterCount
    summary.stepSecondsMedian = median(stepSeconds)
    let seconds = stepSeconds.reduce(0, +)
    summary.tokensPerSecond = seconds > 0 ? Double(sessionTokens) / seconds : nil
    summary.peakResidentBytes = ProcessMemory.peak
    summary.seconds = progress.seconds
    try summary.write(to: Folder.join(output, "summary.json"))
    try RunPage.write(output)
    return summary
  }
}

/// Saving and restoring.
extension Trainer {
  /// Everything that the next step depends on, as tensors.
  private func state() throws -> [String: Tensor] {
    var state = step.optimizer.state
    for (index, hook) in step.hooks.enumerated() {
      for (name, tensor) in hook.state { state["hook.\(index).\(name)"] = tensor }
    }
    return state.merging(try RandomState.tensors(model.device)) { own, _ in own }
  }

  private func save() throws -> String {
    let folder = checkpoints.folder(step: progress.step)
    try Checkpoint.write(
      folder, progress: progress, identity: identity, state: state(), saveModel: model.save(to:))
    try checkpoints.prune(best: progress.best?.step)
    return folder
  }

  private func restore(_ checkpoint: Checkpoint) throws {
    let saved = try checkpoint.state(
      like: step.optimizer.state.merging(RandomState.tensors(model.device)) { own, _ in own })
    try step.optimizer.restore(saved)
    for (index, hook) in step.hooks.enumerated() {
      let prefix = "hook.\(index)."
      let own = saved.filter { $0.key.hasPrefix(prefix) }
      try hook.restore(
        Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
    }
    try RandomState.restore(saved, model.device)
  }
}
