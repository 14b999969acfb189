import FineTuning
import Files
import JSON
import Models
import PEFT
import Testing
import Torch

@testable import Training

/// Ten steps of LoRA on each family of decoders of the GPT kind against PEFT's, and what each method adapts in them.
struct GPTTrainingTests {
  private static let folder = GoldenTrainingTests.folder + "/gpt"

  static let families: [String] =
    (try? Folder.names(in: folder).filter { Folder.exists("\(folder)/\($0)/training") }) ?? []

  @Test func thereAreFamilies() { #expect(Self.families.count >= 15) }

  @Test(arguments: families)
  func everyStepIsPEFTs(name: String) throws {
    let training = "\(Self.folder)/\(name)/training"
    let golden = try GoldenSteps(training)
    let tuned = try AdaptedPretrainedModel(folder: "\(Self.folder)/\(name)")
    try tuned.adapters.load(folder: training)
    try tuned.adapters.setTrainable(true)
    let model = try FineTuningModel(
      tuned, training: .adapter("default"), objective: .nextToken, options: golden.options
    ) { _ in }
    try golden.check(
      Trainer(
        model, on: GoldenTrainingTests.rows(), options: golden.options, output: TemporaryFolder().path))
  }

  @Test(arguments: families)
  func methodsAdaptWhatPEFTAdapts(name: String) throws {
    let targets = try JSONValue.parse(contentsOf: "\(Self.folder)/targets.json")
    var everything = LoRA()
    everything.targeting.modules = .allLinear
    let methods: [(String, any AdapterMethod)] = [
      ("lora", LoRA()), ("ia3", IA3()), ("adalora", AdaLoRA()), ("all-linear", everything),
    ]
    for (key, method) in methods {
      let tuned = try AdaptedPretrainedModel(folder: "\(Self.folder)/\(name)")
      try tuned.adapters.add(method)
      let found = tuned.model.store.layers.filter { !$0.adapters.isEmpty }.map(\.name).sorted()
      // Families that PEFT has no targets for have some here.
      #expect(!found.isEmpty)
      guard let right = targets[name]?[key]?.arrayValue?.compactMap(\.stringValue) else { continue }
      #expect(found == right, "\(key)")
    }
  }

  /// GPT-2's weights are stored the other way round, which the file says as PEFT would.
  @Test func theFileSaysHowWeightsAreStored() throws {
    let folder = try TemporaryFolder()
    for (name, isTurned) in [("gpt2", true), ("opt", false)] {
      let tuned = try AdaptedPretrainedModel(folder: "\(Self.folder)/\(name)")
      try tuned.adapters.add(LoRA())
      try tuned.adapters.save(to: "\(folder.path)/\(name)")
      let config = try JSONValue.parse(contentsOf: "\(folder.path)/\(name)/adapter_config.json")
      #expect(config["fan_in_fan_out"] == .bool(isTurned))
    }
  }
}
