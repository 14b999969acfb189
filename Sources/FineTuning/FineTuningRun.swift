import Configuration
import JSON
import Models
import NN
import PEFT
import Torch
import Training

/// A plan with its model loaded, its data tokenized and its adapter in place: ready to train.
public final class FineTuningRun {
  public let plan: FineTuningPlan
  public let tuned: AdaptedPretrainedModel
  public let model: FineTuningModel
  public let examples: ExampleSet
  public let evaluation: ExampleSet?
  /// What the user should know before the run starts.
  public private(set) var warnings: [String] = []

  /// - Throws: what is wrong with the plan, its files or its data; nothing is written.
  public init(_ plan: FineTuningPlan) throws {
    var plan = plan
    let rows = try RowFile.read(plan.data, plan.dataOptions)
    let evaluationRows = try plan.evaluationData.map { try RowFile.read($0, plan.dataOptions) }

    let folder = try ModelFolder(plan.model)
    let config = try ModelConfiguration(folder: folder.path)
    let asked = plan.task ?? plan.adapter?.shared.taskType.flatMap(ModelTask.init(peft:))
    let task = try asked ?? PretrainedModel.task(of: config)
    let labels = try TaskLabels(
      rows + (evaluationRows ?? []), task: task, options: plan.dataOptions, config: config)
    tuned = try AdaptedPretrainedModel(
      folder: plan.model, task: task, dtype: plan.dtype, device: plan.device, labels: labels.classes,
      quantization: plan.quantization, seed: UInt64(clamping: plan.options.seed),
      stacking: plan.adapter?.method.layerReplication)

    if let originals = plan.originals { try tuned.model.useOriginals(in: originals) }

    guard labels.objective != .sequence || !plan.options.packing else {
      throw ConfigurationError(
        "packing", value: true,
        rule: "puts several texts into a row, which an encoder-decoder cannot: leave it out")
    }
    let builder = try ExampleBuilder(
      tuned.model, objective: labels.objective, tokenizer: folder.tokenizer(), options: plan.dataOptions,
      prompt: plan.adapter?.method as? any PromptMethod, pictures: folder.imageProcessor(for: tuned.model))
    examples = try builder.examples(rows)
    evaluation = try evaluationRows.map(builder.examples)
    warnings += examples.warnings + (evaluation?.warnings ?? [])

    if var adapter = plan.adapter {
      // Known before any work, so that a schedule that makes no sense fails here.
      if var method = adapter.method as? AdaLoRA, method.totalSteps == nil {
        method.totalSteps = try BatchPlan(
          lengths: examples.examples.map(\.ids.count), capacity: examples.packedLength, options: plan.options
        ).totalSteps
        try method.validate()
        adapter.method = method
      }
      if let prompt = adapter.method as? PromptTuning, plan.initialAdapter == nil {
        adapter.method = try prompt.tokenized(for: plan.model)
      }
      plan.adapter = adapter
      if plan.convertsToLoRA { _ = try AdapterFolder.requireConvertible(adapter.method) }
      warnings += try Self.insert(adapter, plan, into: tuned, examples, labels.objective)
    }
    self.plan = plan
    let source = tuned
    model = try FineTuningModel(
      tuned, training: plan.adapter == nil ? .allWeights : .adapter("default"), objective: labels.objective,
      options: plan.options
    ) { folder in
      try Self.save(source, plan, to: folder)
    }
  }

  /// Puts the adapter into the model: from a folder, or with initial values.
  ///
  /// - Returns: what the user should know.
  private static func insert(
    _ configuration: AdapterConfiguration, _ plan: FineTuningPlan, into tuned: AdaptedPretrainedModel,
    _ examples: ExampleSet, _ objective: Objective
  ) throws -> [String] {
    let adapters = tuned.adapters
    let unknown = configuration.unknownKeys
    let notes = unknown.isEmpty ? [] : ["fields that are not understood: \(unknown.joined(separator: ", "))"]
    let start = (configuration.method as? LoRA)?.initialization
    if let path = plan.initialAdapter {
      var folder = try AdapterFolder(path: ModelFolder(path).path)
      folder.configuration = configuration
      folder = try folder.respelled(for: tuned.model)
      let report = try adapters.load(folder)
      try adapters.setTrainable(true)
      return notes + report.injection.warnings
    }
    if start?.isDerived == true, let checkpoint = plan.checkpoint {
      // What the run began with is there to the bit: nothing is decomposed or looked at again.
      try adapters.load(folder: checkpoint)
      try adapters.setTrainable(true)
      return notes
    }
    let calibration =
      try start?.needsData == true
      ? Calibration(
        tuned, examples, objective: objective, options: plan.options, limit: plan.calibrationBatches) : nil
    let report = try adapters.add(configuration.method, calibration: calibration)
    if let excess = adapters.excessRanks().first {
      throw ConfigurationError(
        configuration.method is AdaLoRA ? "init_r" : "r", value: excess.rank,
        rule:
          "must be at most \(excess.limit), the smaller side of \(excess.layer); rank_pattern sets it for single layers"
      )
    }
    return notes + report.warnings
  }

  /// Writes the adapter as Hugging Face PEFT does, or the whole model.
  private static func save(_ tuned: AdaptedPretrainedModel, _ plan: FineTuningPlan, to folder: String) throws
  {
    guard let configuration = plan.adapter else { return try tuned.writeModel(to: folder) }
    var adapter = try tuned.adapters.folder(of: "default")
    adapter.configuration.shared.baseModel = configuration.shared.baseModel ?? plan.model
    adapter.configuration.shared.taskType = tuned.model.task.peftTaskType
    adapter.configuration.shared.inferenceMode = true
    try adapter.write(to: folder)
    if tuned.model.task.classifiesRows || tuned.model.task == .tokenClassification {
      try tuned.model.configuration.labels.write(beside: folder)
    }
  }

  /// Makes the adapter that a finished run has written into `folder` an ordinary LoRA, if the plan says so.
  public func finish(in folder: String) throws {
    guard plan.convertsToLoRA else { return }
    var adapter = try tuned.adapters.ordinaryLoRA(of: "default")
    adapter.configuration.shared = try AdapterFolder(path: folder).configuration.shared
    try adapter.write(to: folder)
  }

  /// The loop over this run's data.
  public func trainer(output: String, resume: Bool) throws -> Trainer {
    var identity: JSONObject = ["model": .string(plan.model), "task": .string(tuned.model.task.rawValue)]
    if let adapter = plan.adapter { identity["adapter"] = .object(adapter.method.json) }
    if (plan.adapter?.method as? LoRA)?.initialization.needsData == true {
      identity["calibration batches"] = .int(plan.calibrationBatches)
    }
    identity["dtype"] = tuned.model.store.parameters.first.map { .string("\($0.tensor.dtype)") }
    identity["originals"] = plan.originals.map(JSONValue.string)
    if let quantization = plan.quantization { identity["quantization"] = .object(quantization.identity) }
    var configuration = identity
    configuration["data"] = .string(plan.data)
    configuration["evaluation data"] = plan.evaluationData.map(JSONValue.string)
    return try Trainer(
      model, on: examples, evaluation: evaluation, options: plan.options, output: output, identity: identity,
      description: RunDescription(
        title: "Fine-tuning \(plan.model)", subtitle: description, configuration: configuration,
        environment: RunDescription.machine(plan.device), warnings: warnings),
      resume: resume)
  }

  /// One line: what is trained, and how much of it.
  public var description: String {
    let trained = model.parameters.reduce(0) { $0 + $1.tensor.count }
    let share = Double(trained) / Double(max(1, model.totalParameterCount))
    let percent = (share * 10000).rounded() / 100
    let method = plan.adapter.map { type(of: $0.method).peftType } ?? "all weights"
    return "\(method), \(trained) of \(model.totalParameterCount) parameters (\(percent) %), "
      + "\(examples.examples.count) rows"
  }
}
