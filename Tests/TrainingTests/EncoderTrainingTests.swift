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
    ("training-deberta-v1", .sequenceClassification),
    ("training-modernbert-mean", .sequenceClassification), ("training-bert-answers", .questionAnswering),
    ("training-bert-masked", .maskedLM), ("training-t5-tokens", .tokenClassification),
  ]

  @Test(arguments: cases)
  func everyStepIsPEFTs(name: String, task: ModelTask) throws {
    let folder = "\(Self.golden)/\(name)"
    let golden = try GoldenSteps(folder)
    let output = try TemporaryFolder()
    let initial = "\(folder)/initial"
    let plan = FineTuningPlan(
      model: "\(Self.golden)/\(try #require(golden.run["model"]?.stringValue))", data: "\(folder)/rows.jsonl",
      adapter: try AdapterFolder(path: initial).configuration, initialAdapter: initial,
      options: golden.options)
    let tuning = try FineTuningRun(plan)
    #expect(tuning.tuned.model.task == task)
    try golden.check(tuning.trainer(output: output.path, resume: false))
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
