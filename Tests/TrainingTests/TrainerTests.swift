import Files
import JSON
import NN
import Testing
import Torch

@testable import Training

struct TrainerTests {
  private func options(_ edit: (inout TrainingOptions) -> Void = { _ in }) -> TrainingOptions {
    var options = TrainingOptions()
    (options.steps, options.batchSize, options.learningRate) = (10, 3, 0.02)
    edit(&options)
    return options
  }

  @Test func aRunLearnsAndWritesWhatItPromises() throws {
    let folder = try TemporaryFolder()
    let model = try TinyModel()
    let trainer = try Trainer(
      model, on: countingExamples(), evaluation: countingExamples(5), options: options { $0.steps = 150 },
      output: folder.path)
    var events = [String: Int]()
    let summary = try trainer.run { event in
      switch event {
      case .started: events["started", default: 0] += 1
      case .stepped: events["stepped", default: 0] += 1
      case .evaluated: events["evaluated", default: 0] += 1
      case .saved: events["saved", default: 0] += 1
      case .warned: events["warned", default: 0] += 1
      }
    }
    #expect(events == ["started": 1, "stepped": 150, "evaluated": 1, "saved": 1])
    let metrics = try folder.metrics()
    #expect(metrics.map { $0["step"]?.intValue } == (1...150).map(Optional.some))
    let losses = metrics.compactMap { $0["loss"]?.doubleValue }
    #expect(losses[0] > 2 && losses[149] < 0.6)
    #expect(summary.finalLoss == losses[149])
    #expect(try #require(summary.evaluation?["perplexity"]) < 2)
    #expect(!model.isTraining)
    let written = try #require(JSONValue.parse(folder.text("summary.json")).objectValue)
    for key in [
      "final_loss", "eval", "trainable_parameters", "total_parameters", "step_seconds_median",
      "tokens_per_second", "peak_rss_bytes",
    ] { #expect(written[key] != nil && written[key]?.isNull == false, "\(key)") }
    #expect(written["trainable_parameters"]?.intValue == 12 * 8 * 2 + 8 * 8 + 8)
    for key in ["loss", "learning_rate", "grad_norm", "tokens", "tokens_per_second"] {
      #expect(
        try MetricsFile.lines(of: folder.file("metrics.jsonl")).allSatisfy { $0[key]?.doubleValue != nil })
    }
    #expect(Folder.hasFile(folder.file("weights.txt")))
    let page = try folder.text("report.html")
    #expect(page.contains("<svg") && page.contains("Learning rate") && page.contains("gradient_accumulation"))
    #expect(Folder.hasFile(folder.file("checkpoints/step-150/weights.txt")))
  }

  /// One batch of six, and two of three whose gradients are added up, are the same step.
  @Test func anAccumulatedStepIsThatOfTheWholeBatch() throws {
    func losses(_ batchSize: Int, _ accumulation: Int) throws -> [Double] {
      let folder = try TemporaryFolder()
      let model = try TinyModel()
      model.dropout = 0
      try Trainer(
        model, on: countingExamples(),
        options: options {
          ($0.batchSize, $0.gradientAccumulation, $0.shuffle) = (batchSize, accumulation, false)
        },
        output: folder.path
      ).run()
      return try folder.metrics().compactMap { $0["loss"]?.doubleValue }
    }
    for (whole, parts) in zip(try losses(6, 1), try losses(3, 2)) {
      #expect(abs(whole - parts) < 1e-5 * whole)
    }
  }

  /// Packed rows give the losses of the same examples in rows of their own: a model without attention cannot tell.
  @Test func packingLosesAndAddsNoTargets() throws {
    let examples = countingExamples()
    let alone = try Batch(examples.examples.map { [$0] }, objective: .nextToken)
    let packed = try Batch([examples.examples], objective: .nextToken)
    #expect(alone.targetCount == packed.targetCount && alone.tokenCount == packed.tokenCount)
    #expect(packed.ids.shape == [1, packed.tokenCount] && packed.attentionMask == nil)
    let model = try TinyModel()
    let (one, other) = (try model.summedLoss(alone).item(), try model.summedLoss(packed).item())
    #expect(abs(one - other) < 1e-4)
    let positions = try #require(packed.positions).array(of: Int.self)
    #expect(Array(positions.prefix(6)) == [0, 1, 2, 0, 1, 2])
  }

  @Test func notANumberStopsBeforeAnythingIsChanged() throws {
    let folder = try TemporaryFolder()
    let model = try TinyModel()
    var before: [[UInt32]] = []
    model.beforeForward = { [unowned model] pass in
      guard pass == 4 else { return }
      try withoutGradients { _ = try model.parameters[3].tensor.fill_(.nan) }
      before = try model.weights()
    }
    let trainer = try Trainer(
      model, on: countingExamples(), options: options { $0.shuffle = false }, output: folder.path)
    let error = try #require(throws: TrainingError.self) { try trainer.run() }
    #expect(error.code == .diverged)
    #expect(
      error.description
        == "the loss of step 5 is nan, rows rows:13, rows:14, rows:15: look at these rows, or lower learning_rate"
    )
    #expect(try model.weights() == before)
    #expect(try folder.metrics().count == 4)
  }

  @Test func aParameterThatIsNotUsedIsNamed() throws {
    let folder = try TemporaryFolder()
    let model = try TinyModel()
    model.parameters.append(TrainableParameter(name: "spare.weight", tensor: try .zeros([2]).requireGrad()))
    let error = try #require(throws: TrainingError.self) {
      try Trainer(model, on: countingExamples(), options: options(), output: folder.path).run()
    }
    #expect(error.code == .noGradient && error.description.contains("parameter spare.weight"))
  }

  @Test func hooksAddToTheObjectiveButNotToTheLoss() throws {
    let folder = try TemporaryFolder()
    let model = try TinyModel()
    let hook = ShrinkingHook(model.parameters[1].tensor)
    model.hooks = [hook]
    try Trainer(model, on: countingExamples(), options: options(), output: folder.path).run()
    #expect(hook.calls == (1...10).flatMap { ["backward \($0)/10", "update \($0)/10"] })
    let plain = try TemporaryFolder()
    try Trainer(TinyModel(), on: countingExamples(), options: options(), output: plain.path).run()
    let (with, without) = (try folder.metrics(), try plain.metrics())
    #expect(with[0]["loss"] == without[0]["loss"])
    #expect(with[0]["grad_norm"] != without[0]["grad_norm"])
    #expect(try #require(with[0]["regularization"]?.doubleValue) > 0)
    #expect(without[0]["regularization"] == nil)
    #expect(with[3]["calls"] == 8)
  }

  @Test func theBestCheckpointIsTheResultAndImpatienceEndsTheRun() throws {
    let folder = try TemporaryFolder()
    let model = try TinyModel()
    // From step 6 on the model is spoilt a little more before every step.
    model.beforeForward = { [unowned model] pass in
      guard pass >= 6 else { return }
      let noise = try Tensor.randn([TinyModel.vocabulary, 8], generator: Generator(seed: UInt64(pass)))
      try withoutGradients { _ = try model.parameters[3].tensor.add_(noise) }
    }
    let trainer = try Trainer(
      model, on: countingExamples(), evaluation: countingExamples(6),
      options: options { ($0.steps, $0.evalEvery, $0.patience, $0.saveLimit) = (40, 2, 3, 1) },
      output: folder.path)
    let summary = try trainer.run()
    #expect(summary.bestStep == 6 && summary.steps == 12)
    let results = try folder.metrics().compactMap { $0["eval_loss"]?.doubleValue }
    #expect(results.count == 6 && summary.evaluation?.loss == results.min())
    #expect(try folder.text("weights.txt") == folder.text("checkpoints/step-6/weights.txt"))
    #expect(try Folder.names(in: folder.file("checkpoints")) == ["step-12", "step-6"])
  }

  @Test func oldCheckpointsGo() throws {
    let folder = try TemporaryFolder()
    try Trainer(
      TinyModel(), on: countingExamples(), options: options { ($0.saveEvery, $0.saveLimit) = (2, 2) },
      output: folder.path
    ).run()
    #expect(try Folder.names(in: folder.file("checkpoints")) == ["step-10", "step-8"])
  }

  @Test func linesCanBeFewer() throws {
    let folder = try TemporaryFolder()
    try Trainer(
      TinyModel(), on: countingExamples(), evaluation: countingExamples(3),
      options: options { ($0.logEvery, $0.evalEvery) = (4, 3) }, output: folder.path
    ).run()
    #expect(try folder.metrics().map { $0["step"]?.intValue } == [3, 4, 6, 8, 9, 10])
  }
}

/// Pulls a matrix towards zero, and notes when it is called.
final class ShrinkingHook: TrainingHook {
  let matrix: Tensor
  var calls: [String] = []
  /// Changes with every update, and the gradients with it.
  private(set) var count: Tensor?

  init(_ matrix: Tensor) { self.matrix = matrix }

  func regularization() throws -> Tensor? { try matrix.square().sum() * 0.05 }
  func afterBackward(step: Int, totalSteps: Int) throws {
    calls.append("backward \(step)/\(totalSteps)")
    if let count { _ = try matrix.grad?.mul_(count * 0.1 + 1) }
  }
  func afterUpdate(step: Int, totalSteps: Int) throws {
    calls.append("update \(step)/\(totalSteps)")
    count = try (count ?? .zeros([])) + 1
  }
  var state: [String: Tensor] { count.map { ["count": $0] } ?? [:] }
  func restore(_ state: [String: Tensor]) throws { count = try state["count"]?.clone() }
  var trace: JSONValue? { ["calls": .int(calls.count)] }
}
