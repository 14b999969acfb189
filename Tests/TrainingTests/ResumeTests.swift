import Files
import Foundation
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import Training

/// A run that was interrupted has the bits of one that was not.
struct ResumeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var dtype = DType.float32
    let edit: @Sendable (inout TrainingOptions) -> Void
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "in order") { $0.shuffle = false },
    Case(name: "by length, accumulated") { $0.gradientAccumulation = 2 },
    Case(name: "shuffled, cosine") { ($0.groupByLength, $0.scheduler, $0.warmupSteps) = (false, .cosine, 2) },
    Case(name: "packed") { $0.packing = true },
    Case(name: "bfloat16", dtype: .bfloat16) { $0.weightDecay = 0.1 },
  ]

  private func trainer(
    _ model: TinyModel, _ folder: TemporaryFolder, resume: Bool = false,
    _ edit: (inout TrainingOptions) -> Void
  ) throws -> Trainer {
    var options = TrainingOptions()
    (options.steps, options.batchSize, options.learningRate, options.evalEvery) = (10, 3, 0.02, 5)
    edit(&options)
    return try Trainer(
      model, on: countingExamples(), evaluation: countingExamples(4), options: options, output: folder.path,
      resume: resume)
  }

  private func model(_ dtype: DType, seed: UInt64 = 5) throws -> TinyModel {
    let model = try TinyModel(dtype: dtype, seed: seed)
    model.hooks = [ShrinkingHook(model.parameters[1].tensor)]
    return model
  }

  private func checkpointTensors(_ folder: TemporaryFolder, _ step: Int) throws -> [String: Tensor] {
    try SafetensorsFile(path: folder.file("checkpoints/step-\(step)/training_state.safetensors")).allTensors()
  }

  @Test(arguments: cases)
  func interruptedRunsEndWithTheSameBits(of run: Case) throws {
    let (whole, broken) = (try TemporaryFolder(), try TemporaryFolder())
    let reference = try model(run.dtype)
    try trainer(reference, whole, run.edit).run()

    var steps = 0
    let first = try trainer(model(run.dtype), broken, run.edit)
    first.shouldStop = {
      steps += 1
      return steps == 4
    }
    let error = try #require(throws: TrainingError.self) { try first.run() }
    #expect(error.code == .interrupted)
    // Other initial values, another state of the random numbers: all of it must come from the checkpoint.
    try Generator.seedAll(999)
    let later = try model(run.dtype, seed: 77)
    var started = -1
    try trainer(later, broken, resume: true, run.edit).run { event in
      if case .started(let step, _) = event { started = step }
    }
    #expect(started == 4)
    #expect(try later.weights() == reference.weights())
    #expect(try droppingTrace(broken.metrics()) == droppingTrace(whole.metrics()))
    let (one, other) = (try checkpointTensors(whole, 10), try checkpointTensors(broken, 10))
    #expect(Set(one.keys) == Set(other.keys) && one.count == 14)
    for (name, tensor) in one { #expect(try tensor.isIdentical(to: #require(other[name])), "\(name)") }
    #expect(try whole.text("weights.txt") == broken.text("weights.txt"))
  }

  /// The hook of the tests counts its own calls in this session.
  private func droppingTrace(_ lines: [JSONObject]) -> [JSONObject] {
    lines.map { line in
      var line = line
      line["calls"] = nil
      return line
    }
  }

  /// As after `kill -9`: lines of steps that no checkpoint has, a line cut off, a checkpoint half written.
  @Test func whatACrashLeavesBehindIsPutRight() throws {
    let (whole, broken) = (try TemporaryFolder(), try TemporaryFolder())
    let reference = try model(.float32)
    try trainer(reference, whole) { $0.saveEvery = 3 }.run()

    struct Crash: Error {}
    let crashing = try model(.float32)
    crashing.beforeForward = { if $0 == 8 { throw Crash() } }
    #expect(throws: Crash.self) { try trainer(crashing, broken) { $0.saveEvery = 3 }.run() }
    #expect(try broken.metrics().count == 8)
    let metrics = try broken.text("metrics.jsonl")
    try AtomicFile.write(broken.file("metrics.jsonl"), metrics + "{\"step\": 9, \"lo")
    try Folder.create(broken.file("checkpoints/.tmp-1234"))
    try AtomicFile.write(broken.file("checkpoints/.tmp-1234/training_state.safetensors"), "half")
    try Folder.create(broken.file("checkpoints/step-9"))

    let later = try model(.float32, seed: 8)
    try trainer(later, broken, resume: true) { $0.saveEvery = 3 }.run()
    #expect(try later.weights() == reference.weights())
    #expect(try droppingTrace(broken.metrics()) == droppingTrace(whole.metrics()))
    #expect(try Folder.names(in: broken.file("checkpoints")) == ["step-10", "step-9"])
  }

  @Test func resumingWithNothingToResumeBegins() throws {
    let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
    let (one, two) = (try model(.float32), try model(.float32))
    try trainer(one, folder, resume: true) { _ in }.run()
    try trainer(two, other) { _ in }.run()
    #expect(try one.weights() == two.weights())
  }

  @Test func aNewRunDoesNotMixWithAnEarlierOne() throws {
    let folder = try TemporaryFolder()
    try trainer(model(.float32), folder) { _ in }.run()
    let error = try #require(throws: TrainingError.self) {
      try trainer(model(.float32), folder) { _ in }.run()
    }
    #expect(error.description.hasPrefix("checkpoints of an earlier run"))
  }

  @Test func resumingAFinishedRunChangesNothing() throws {
    let folder = try TemporaryFolder()
    let (one, two) = (try model(.float32), try model(.float32, seed: 9))
    let summary = try trainer(one, folder) { _ in }.run()
    let metrics = try folder.text("metrics.jsonl")
    let again = try trainer(two, folder, resume: true) { _ in }.run()
    #expect(try two.weights() == one.weights() && folder.text("metrics.jsonl") == metrics)
    #expect(again.finalLoss == summary.finalLoss && again.evaluation?.loss == summary.evaluation?.loss)
  }

  static let changes: [(@Sendable (inout TrainingOptions) -> Void, String?)] = [
    ({ $0.learningRate = 0.5 }, "learning_rate"),
    ({ ($0.batchSize, $0.seed) = (2, 1) }, "batch_size, seed"),
    ({ $0.steps = 11 }, "steps"),
    ({ ($0.logEvery, $0.saveEvery, $0.evalEvery) = (2, 2, 1) }, nil),
  ]

  @Test(arguments: changes.indices)
  func changesThatMatterAreRefused(index: Int) throws {
    let (edit, named) = Self.changes[index]
    let folder = try TemporaryFolder()
    try trainer(model(.float32), folder) { _ in }.run()
    let second = try trainer(model(.float32), folder, resume: true, edit)
    guard let named else {
      try second.run()
      return
    }
    let error = try #require(throws: TrainingError.self) { try second.run() }
    #expect(error.code == .checkpoint && error.description.hasPrefix("\(named) differ"))
  }

  @Test func aConstantRateCanBeTakenFurther() throws {
    let (folder, whole) = (try TemporaryFolder(), try TemporaryFolder())
    let (part, more, reference) = (try TinyModel(), try TinyModel(seed: 1), try TinyModel())
    try trainer(part, folder) { ($0.scheduler, $0.steps) = (.constant, 6) }.run()
    try trainer(more, folder, resume: true) { ($0.scheduler, $0.steps) = (.constant, 10) }.run()
    try trainer(reference, whole) { ($0.scheduler, $0.steps) = (.constant, 10) }.run()
    #expect(try more.weights() == reference.weights())
  }

  static let damages: [(String, String?)] = [
    ("training_state.json", "{"), ("training_state.json", "{\"format\": 99}"),
    ("training_state.json", "{\"format\": 1, \"progress\": {\"step\": -1}, \"identity\": {}}"),
    ("training_state.safetensors", "nonsense"), ("training_state.safetensors", nil),
  ]

  @Test(arguments: damages)
  func aDamagedCheckpointIsNamed(file: String, content: String?) throws {
    let folder = try TemporaryFolder()
    try trainer(model(.float32), folder) { _ in }.run()
    let path = folder.file("checkpoints/step-10/\(file)")
    if let content {
      try AtomicFile.write(path, content)
    } else {
      try Folder.removeFile(path)
    }
    if content?.contains("-1") == true {
      // The rest of the description is right, the step is not.
      #expect(throws: TrainingError.self) { try Checkpoint(reading: folder.file("checkpoints/step-10")) }
    }
    let error = try #require(throws: TrainingError.self) {
      try trainer(model(.float32), folder, resume: true) { _ in }.run()
    }
    #expect(error.code == .checkpoint && error.description.contains("step-10"))
  }
}
