import Files
import FineTuning
import Foundation
import JSON
import Models
import PEFT
import Safetensors
import Testing
import Torch

@testable import Training

/// Ten steps of PEFT's methods on encoder-decoders, from rows to the adapter that is written.
struct SequenceTrainingTests {
  static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/sequences"
  static let cases = (try? Folder.names(in: "\(golden)/training").filter { !$0.contains(".") }.sorted()) ?? []

  private func plan(_ name: String, _ change: (inout TrainingOptions) -> Void = { _ in }) throws
    -> FineTuningPlan
  {
    let folder = "\(Self.golden)/training/\(name)"
    let golden = try GoldenSteps(folder)
    var options = golden.options
    change(&options)
    return FineTuningPlan(
      model: "\(Self.golden)/\(golden.run["model"]?.stringValue ?? "")",
      data: "\(Self.golden)/training/rows.jsonl",
      adapter: try AdapterFolder(path: "\(folder)/initial").configuration,
      initialAdapter: "\(folder)/initial", options: options)
  }

  @Test func thereAreCases() { #expect(Self.cases.count == 13) }

  @Test(arguments: cases)
  func everyStepIsPEFTs(name: String) throws {
    let folder = "\(Self.golden)/training/\(name)"
    let output = try TemporaryFolder()
    let run = try FineTuningRun(plan(name))
    #expect(run.tuned.model.task == .seq2seqLM)
    try GoldenSteps(folder).check(run.trainer(output: output.path, resume: false))
    // What was written, loaded again, gives what PEFT's model gives at the end.
    let expected = try SafetensorsFile(path: "\(folder)/expected.safetensors").allTensors()
    let tuned = try AdaptedPretrainedModel(folder: run.plan.model, adapters: [output.path])
    let model = try #require(tuned.model as? any SequenceToSequenceModel)
    let (ids, labels) = (try #require(expected["input_ids"]), try #require(expected["labels"]))
    let padding = try model.configuration.require("pad_token_id") as Int
    let input = ModelInput(
      ids: ids, attentionMask: try ids.notEqual(Double(padding)),
      decoderIDs: try model.decoderInputs(for: labels))
    let kept = [try labels.notEqual(-100)]
    let logits = try withoutGradients { try model.logits(input).indexed(kept) }
    let right = try #require(expected["logits"])
    // Prompt methods answer to more tokens than there are labels.
    #expect(
      try logits.relativeError(to: right.slice(1, from: right.shape[1] - labels.shape[1]).indexed(kept))
        < 1e-3)
  }

  @Test(arguments: ["t5-lora", "t5-prefix", "bart-lora"])
  func checkpointingChangesNoLoss(name: String) throws {
    func losses(checkpointing: Bool) throws -> [Double] {
      let output = try TemporaryFolder()
      var losses: [Double] = []
      let run = try FineTuningRun(plan(name) { ($0.gradientCheckpointing, $0.steps) = (checkpointing, 3) })
      _ = try run.trainer(output: output.path, resume: false).run { event in
        if case .stepped(let record, _) = event { losses.append(record.loss) }
      }
      return losses
    }
    let (plain, again) = (try losses(checkpointing: false), try losses(checkpointing: true))
    for (first, second) in zip(plain, again) { #expect(abs(first - second) < 1e-5 * first) }
  }

  @Test(arguments: ["t5-lora", "t5-dora", "t5-ia3", "t5-gated-lora", "bart-lora"])
  func theMergedModelIsTheAdaptedOne(name: String) throws {
    let output = try TemporaryFolder()
    let plan = try plan(name)
    let tuned = try AdaptedPretrainedModel(folder: plan.model, adapters: [plan.initialAdapter ?? ""])
    try ModelWriter.save(
      tuned.model, merging: tuned.adapters.names, from: plan.model, to: "\(output.path)/merged")
    #expect(try MergeVerification(tuned, merged: "\(output.path)/merged").holds)
  }

  /// A head that is trained by itself is untied when it is merged; what scales its input is not.
  @Test func anUntiedHeadKeepsTheScaleOfItsInput() throws {
    let tuned = try AdaptedPretrainedModel(folder: "\(Self.golden)/t5")
    var lora = LoRA()
    lora.targeting.modules = .names(["q", "lm_head"])
    lora.initialization = .random
    try tuned.adapters.add(lora)
    let output = try TemporaryFolder()
    try ModelWriter.save(
      tuned.model, merging: ["default"], from: "\(Self.golden)/t5", to: "\(output.path)/merged")
    #expect(try MergeVerification(tuned, merged: "\(output.path)/merged").holds)
    let config = try ModelConfiguration(folder: "\(output.path)/merged")
    #expect(config.raw["scale_decoder_outputs"] == true && config.raw["tie_word_embeddings"] == false)
  }

  @Test func packingIsRefused() throws {
    let error = try #require(throws: (any Error).self) {
      _ = try FineTuningRun(plan("t5-lora") { $0.packing = true })
    }
    #expect("\(error)".contains("packing"))
  }

  @Test func evaluationIsTheMeanOverTargets() throws {
    let run = try FineTuningRun(plan("t5-lora"))
    let result = try Evaluator(run.examples.examples, batchSize: 3).evaluate(run.model)
    let alone = try run.examples.examples.map { example in
      let batch = try Batch([[example]], objective: .sequence)
      return (try withoutGradients { try run.model.summedLoss(batch).item() as Double }, batch.targetCount)
    }
    let (sum, count) = alone.reduce((0.0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    #expect(abs(result.loss - sum / Double(count)) < 1e-5)
    #expect(result["tokens"] == Double(count))
    #expect(abs((result["perplexity"] ?? 0) - exp(result.loss)) < 1e-6)
  }
}
