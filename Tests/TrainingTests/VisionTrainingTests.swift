import FineTuning
import Files
import Foundation
import JSON
import Models
import PEFT
import Safetensors
import Testing
import Torch

@testable import Training

/// Ten steps of LoRA on models that look at pictures against PEFT's, from rows to the adapter that is written.
struct VisionTrainingTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/vision"

  static let names =
    (try? Folder.names(in: golden).filter { Folder.hasFile("\(golden)/\($0)/run.json") }) ?? []

  @Test func thereAreRuns() { #expect(Self.names.count >= 2) }

  /// The rows of a run as lines of JSON.
  private func rows(_ folder: String, to path: String) throws {
    let tensors = try SafetensorsFile(path: "\(folder)/rows.safetensors").allTensors()
    let (pixels, labels) = (try #require(tensors["pixels"]), try #require(tensors["labels"]))
    let classes = try labels.array(of: Int.self)
    let lines = try classes.enumerated().map { row, label in
      let channels = try pixels.select(0, row).unbound().map { channel in
        JSONValue.array(
          try channel.unbound().map { line in
            .array(try line.array(of: Float.self).map { .double(Double($0)) })
          })
      }
      let row: JSONObject = ["pixel_values": .array(channels), "label": .int(label)]
      return JSONValue.object(row).serialized() + "\n"
    }
    try AtomicFile.write(path, lines.joined())
  }

  @Test(arguments: names)
  func everyStepIsPEFTs(name: String) throws {
    let folder = "\(Self.golden)/\(name)"
    let golden = try GoldenSteps(folder)
    let output = try TemporaryFolder()
    let data = "\(output.path)/rows.jsonl"
    try rows(folder, to: data)
    // Without an adapter all weights are trained.
    let initial = Folder.exists("\(folder)/initial") ? "\(folder)/initial" : nil
    let plan = FineTuningPlan(
      model: "\(Self.golden)/\(try #require(golden.run["model"]?.stringValue))", data: data,
      adapter: try initial.map { try AdapterFolder(path: $0).configuration }, initialAdapter: initial,
      options: golden.options)
    let tuning = try FineTuningRun(plan)
    #expect(tuning.tuned.model.task == .imageClassification)
    try golden.check(tuning.trainer(output: "\(output.path)/run", resume: false))
    let file = initial == nil ? "model.safetensors" : "adapter_model.safetensors"
    let found = try SafetensorsFile(path: "\(output.path)/run/\(file)").allTensors()
    let right = try SafetensorsFile(path: "\(folder)/final/\(file)").allTensors()
    #expect(Set(found.keys) == Set(right.keys))
    for (name, tensor) in right {
      #expect(try #require(found[name]).relativeError(to: tensor) < 1e-3, "\(name)")
    }
    guard initial != nil else { return }
    let config = try JSONValue.parse(contentsOf: "\(output.path)/run/adapter_config.json")
    #expect(config["task_type"]?.isNull == true)
    #expect(config["modules_to_save"]?.arrayValue?.compactMap(\.stringValue) == ["classifier"])
  }

  /// Running averages are part of a model whose weights are trained, and of what a run goes on from.
  @Test func averagesMoveWithTheWeightsOnly() throws {
    let output = try TemporaryFolder()
    let data = "\(output.path)/rows.jsonl"
    try rows("\(Self.golden)/training-resnet", to: data)
    let model = "\(Self.golden)/resnet"
    func train(
      _ name: String, adapter: AdapterConfiguration? = nil, stoppingAfter last: Int = .max,
      resume: Bool = false
    ) throws -> FineTuningRun {
      var options = TrainingOptions()
      (options.steps, options.batchSize, options.saveEvery) = (4, 4, 2)
      var plan = FineTuningPlan(model: model, data: data, adapter: adapter, options: options)
      plan.checkpoint = resume ? try Trainer.latestCheckpoint(in: "\(output.path)/\(name)") : nil
      let run = try FineTuningRun(plan)
      let trainer = try run.trainer(output: "\(output.path)/\(name)", resume: resume)
      var done = 0
      trainer.shouldStop = { done >= last }
      do {
        try trainer.run { if case .stepped = $0 { done += 1 } }
      } catch let error as TrainingError where error.code == .interrupted {}
      return run
    }
    func averages(_ run: FineTuningRun) throws -> [Tensor] {
      run.tuned.model.store.parameters.filter { $0.isConstant }.map(\.tensor)
    }
    let before = try PretrainedModel.load(folder: model).store.parameters.filter(\.isConstant).map(\.tensor)
    var lora = LoRA()
    lora.rank = 2
    let adapted = try averages(train("adapter", adapter: AdapterConfiguration(lora)))
    for (old, new) in zip(before, adapted) { #expect(try new.isIdentical(to: old)) }
    let whole = try averages(train("whole"))
    for (old, new) in zip(before, whole) { #expect(try !new.isIdentical(to: old)) }
    _ = try train("parts", stoppingAfter: 2)
    let resumed = try averages(train("parts", resume: true))
    for (one, other) in zip(whole, resumed) { #expect(try one.isIdentical(to: other)) }
  }

  /// Files of a folder come class by class; a batch has them all.
  @Test func picturesAreShuffled() throws {
    var options = TrainingOptions()
    options.batchSize = 16
    let plan = try BatchPlan(lengths: Array(repeating: 0, count: 160), capacity: 0, options: options)
    var reader = BatchPlan.Reader(plan)
    let rows = (0..<10).map { reader.rows(pass: $0).flatMap(\.self) }
    #expect(rows.flatMap(\.self).sorted() == Array(0..<160))
    for batch in rows { #expect((batch.max() ?? 0) - (batch.min() ?? 0) > 80) }
  }
}
