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

/// Ten steps of LoRA on every later family of decoders against PEFT's, from rows to the adapter that is written.
struct DecoderTrainingTests {
  static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/decoders"
  static let names =
    (try? Folder.names(in: golden).filter { Folder.hasFile("\(golden)/\($0)/run.json") }) ?? []

  @Test(arguments: names, [false, true])
  func everyStepIsPEFTs(name: String, checkpointing: Bool) throws {
    let folder = "\(Self.golden)/\(name)"
    let golden = try GoldenSteps(folder)
    let output = try TemporaryFolder()
    var options = golden.options
    options.gradientCheckpointing = checkpointing
    let plan = FineTuningPlan(
      model: folder, data: "\(Self.golden)/rows.jsonl",
      adapter: try AdapterFolder(path: "\(folder)/initial").configuration,
      initialAdapter: "\(folder)/initial", options: options)
    try golden.check(FineTuningRun(plan).trainer(output: output.path, resume: false))
    let file = "adapter_model.safetensors"
    let found = try SafetensorsFile(path: "\(output.path)/\(file)").allTensors()
    let right = try SafetensorsFile(path: "\(folder)/final/\(file)").allTensors()
    #expect(Set(found.keys) == Set(right.keys))
    for (name, tensor) in right {
      #expect(try #require(found[name]).relativeError(to: tensor) < 1e-3, "\(name)")
    }
  }

  /// The adapter that PEFT wrote: its outputs, those of the merged model, and those of the model after unmerging.
  @Test(arguments: names)
  func aTrainedAdapterIsPEFTs(name: String) throws {
    let folder = "\(Self.golden)/\(name)"
    let golden = try SafetensorsFile(path: "\(folder)/final/expected.safetensors").allTensors()
    let rows = try SafetensorsFile(path: "\(folder)/expected.safetensors").allTensors()
    let input = ModelInput(ids: try #require(rows["row.2.input_ids"]).unsqueezed(0))
    let tuned = try AdaptedPretrainedModel(folder: folder)
    let before = try withoutGradients { try tuned.model.logits(input).select(0, 0).clone() }
    #expect(try before.relativeError(to: #require(rows["row.2.logits"])) < 1e-5)
    try tuned.adapters.load(folder: "\(folder)/final")
    let adapted = try withoutGradients { try tuned.model.logits(input).select(0, 0).clone() }
    #expect(try adapted.relativeError(to: #require(golden["logits"])) < 1e-5)
    let output = try TemporaryFolder()
    try ModelWriter.save(tuned.model, merging: ["default"], to: "\(output.path)/merged", dtype: .float32)
    let merged = try PretrainedModel.load(folder: "\(output.path)/merged")
    let logits = try withoutGradients { try merged.logits(input).select(0, 0) }
    #expect(try logits.relativeError(to: #require(golden["merged.logits"])) < 1e-5)
  }
}

/// What methods adapt when they are told nothing.
struct UsualTargetTests {
  /// A method that adapts layers changes nothing at first, and its gradients reach everything that it trains.
  @Test(arguments: DecoderTrainingTests.names)
  func everyMethodKnowsTheFamily(name: String) throws {
    var adaLoRA = AdaLoRA()
    adaLoRA.totalSteps = 10
    var all = LoRA()
    all.targeting.modules = .allLinear
    let methods: [any AdapterMethod] = [LoRA(), all, IA3(), adaLoRA, LNTuning(), PrefixTuning()]
    for method in methods {
      // OLMo's norms have nothing to train.
      if method is LNTuning, name == "olmo" { continue }
      let tuned = try AdaptedPretrainedModel(folder: "\(DecoderTrainingTests.golden)/\(name)")
      let model = try #require(tuned.model as? any CausalLanguageModel)
      let input = try ModelInput([5, 9, 33, 12, 7, 8])
      let before = try withoutGradients { try model.logits(input).clone() }
      try tuned.adapters.add(method)
      if !(method is PrefixTuning) {
        #expect(try withoutGradients { try model.logits(input) }.relativeError(to: before) < 1e-5)
      }
      try model.nextTokenLoss(input, labels: input.ids).sum.backward()
      for entry in tuned.adapters.trainableParameters {
        #expect(entry.parameter.tensor.grad != nil, "\(entry.name)")
      }
      #expect(!tuned.adapters.parameters().contains { $0.layer == "lm_head" })
    }
  }
}
