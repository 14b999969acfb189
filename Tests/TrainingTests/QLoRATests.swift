import Files
import FineTuning
import Foundation
import JSON
import NN
import PEFT
import Safetensors
import Testing
import Torch

@testable import Training

/// Ten steps on bases in few bits against transformers, PEFT and bitsandbytes, and the first step's gradients.
struct QLoRATests {
  static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"
  static let bases = ["nf4", "nf4-double", "int8"]

  private struct Case {
    let folder: String
    let steps: GoldenSteps
    let initial: String
    let quantization: Quantization

    init(_ base: String, _ method: String) throws {
      folder = "\(golden)/qlora/\(base)-\(method)"
      steps = try GoldenSteps(folder)
      initial = "\(golden)/\(try #require(steps.run["initial"]?.stringValue))"
      quantization = try Quantization(
        base == "int8" ? .int8 : .nf4, nestsScales: base.hasPrefix("nf4-double"))
    }

    func tuned(_ dtype: DType = .float32) throws -> AdaptedPretrainedModel {
      try AdaptedPretrainedModel(folder: "\(golden)/qlora/base", dtype: dtype, quantization: quantization)
    }

    /// The model with the adapter that PEFT began with, ready to train.
    func model(_ dtype: DType) throws -> FineTuningModel {
      let tuned = try tuned(dtype)
      try tuned.adapters.load(folder: initial)
      try tuned.adapters.setTrainable(true)
      return try FineTuningModel(
        tuned, training: .adapter("default"), objective: .nextToken, options: steps.options)
    }
  }

  @Test(arguments: bases, ["lora", "dora", "adalora"])
  func everyStepIsThatOfPEFTOnBitsandbytes(base: String, method: String) throws {
    let golden = try Case(base, method)
    let output = try TemporaryFolder()
    let trainer = try Trainer(
      golden.model(.float32), on: GoldenTrainingTests.rows(), options: golden.steps.options,
      output: output.path)
    try golden.steps.check(trainer)
  }

  @Test(arguments: bases, ["lora", "dora", "adalora"])
  func theFirstGradientsAreThoseOfPEFTOnBitsandbytes(base: String, method: String) throws {
    let golden = try Case(base, method)
    let model = try golden.model(.float32)
    model.isTraining = true
    let rows = try GoldenTrainingTests.rows().examples.prefix(golden.steps.options.batchSize).map { [$0] }
    let batch = try Batch(Array(rows), objective: .nextToken)
    try (model.summedLoss(batch) / Double(batch.targetCount)).backward()
    for hook in model.hooks { try hook.regularization()?.backward() }
    let right = try SafetensorsFile(path: "\(golden.folder)/gradients.safetensors").allTensors()
    #expect(model.parameters.count == right.count)
    for parameter in model.parameters {
      let gradient = try #require(parameter.tensor.grad)
      #expect(try gradient.relativeError(to: #require(right[parameter.name])) < 1e-4, "\(parameter.name)")
    }
  }

  @Test(arguments: bases) func magnitudesBeginAsThoseOfPEFTOnBitsandbytes(base: String) throws {
    let golden = try Case(base, "dora")
    let folder = try AdapterFolder(path: golden.initial)
    let tuned = try golden.tuned()
    var method = LoRA()
    (method.usesDoRA, method.rank) = (true, 2)
    method.targeting.modules = .names(["q_proj", "v_proj", "down_proj"])
    try tuned.adapters.add(method)
    var compared = 0
    for entry in tuned.adapters.trainableParameters where entry.name.contains("magnitude") {
      let right = try #require(folder.tensors[entry.name])
      #expect(try entry.parameter.tensor.relativeError(to: right) < 1e-6, "\(entry.name)")
      compared += 1
    }
    #expect(compared == 6)
  }

  /// There products are in bfloat16 and all else in float32; here all is in one type, on either side of it.
  @Test(arguments: ["lora", "dora"], [DType.float32, .bfloat16])
  func productsInBfloat16AreAsNearAsTheyRound(method: String, type: DType) throws {
    let golden = try Case("nf4-double-bf16", method)
    let output = try TemporaryFolder()
    let trainer = try Trainer(
      golden.model(type), on: GoldenTrainingTests.rows(), options: golden.steps.options, output: output.path)
    var losses: [Double] = []
    try trainer.run { event in
      if case .stepped(let record, _) = event { losses.append(record.loss) }
    }
    let right = try #require(golden.steps.run["trace"]?.arrayValue).compactMap { $0["loss"]?.doubleValue }
    #expect(losses.count == right.count)
    for (loss, other) in zip(losses, right) { #expect(abs(loss - other) <= 5e-3 * other) }
  }
}
