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

/// Ten steps of LoRA under each head against PEFT's, from rows to the adapter that is written.
struct EncoderTrainingTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/encoders"

  static let cases: [(String, ModelTask)] = [
    ("training", .sequenceClassification), ("training-deberta", .sequenceClassification),
    ("training-modernbert-mean", .sequenceClassification), ("training-bert-answers", .questionAnswering),
    ("training-bert-masked", .maskedLM),
  ]

  @Test(arguments: cases)
  func everyStepIsPEFTs(name: String, task: ModelTask) throws {
    Engine.threads = 1
    let folder = "\(Self.golden)/\(name)"
    let run = try JSONValue.parse(contentsOf: "\(folder)/run.json")
    let output = try TemporaryFolder()
    var options = TrainingOptions()
    options.steps = run["steps"]?.intValue
    options.batchSize = try #require(run["batch_size"]?.intValue)
    options.learningRate = try #require(run["learning_rate"]?.doubleValue)
    (options.shuffle, options.saveEvery, options.maxGradNorm) = (false, 0, 0)
    options.scheduler = .constant
    let initial = "\(folder)/initial"
    let plan = FineTuningPlan(
      model: "\(Self.golden)/\(try #require(run["model"]?.stringValue))", data: "\(folder)/rows.jsonl",
      adapter: try AdapterFolder(path: initial).configuration, initialAdapter: initial, options: options)
    var records: [StepRecord] = []
    let tuning = try FineTuningRun(plan)
    #expect(tuning.tuned.model.task == task)
    _ = try tuning.trainer(output: output.path, resume: false).run { event in
      if case .stepped(let record, _) = event { records.append(record) }
    }
    let trace = try #require(run["trace"]?.arrayValue)
    #expect(records.count == trace.count)
    for (record, expected) in zip(records, trace) {
      let (loss, norm) = (expected["loss"]?.doubleValue ?? .nan, expected["grad_norm"]?.doubleValue ?? .nan)
      #expect(abs(record.loss - loss) <= 1e-4 * loss, "loss of step \(record.step)")
      #expect(abs(record.gradNorm - norm) <= 1e-3 * norm, "norm of step \(record.step)")
    }
    let file = "adapter_model.safetensors"
    let found = try SafetensorsFile(path: "\(output.path)/\(file)").allTensors()
    let right = try SafetensorsFile(path: "\(folder)/final/\(file)").allTensors()
    #expect(Set(found.keys) == Set(right.keys))
    // A bias under all tokens of a row changes no probability: its gradient is rounding.
    for (name, tensor) in right where task != .questionAnswering || !name.hasSuffix("qa_outputs.bias") {
      let error = try #require(found[name]).relativeError(to: tensor)
      #expect(error < 1e-3, "\(name)")
    }
  }
}
