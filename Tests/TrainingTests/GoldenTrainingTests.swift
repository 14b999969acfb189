import Configuration
import Files
import FineTuning
import JSON
import Models
import PEFT
import Safetensors
import Testing
import Torch

@testable import Training

/// Twenty steps of fine-tuning against PEFT's, step for step, from the same initial adapter.
struct GoldenTrainingTests {
  static let folder: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Golden"
  }()

  /// Every case whose method this library has.
  static let cases = [
    "lora", "lora-all-linear", "lora-clip", "lora-accumulate", "lora-accumulate-clip", "lora-linear",
    "lora-cosine",
    "lora-constant-warmup", "lora-decay", "lora-plus", "lora-fa", "lora-bias-all", "lora-embedding",
    "lora-qwen2",
    "lora-mistral", "lora-bf16", "rslora", "modules-to-save", "dora", "dora-clip", "adalora",
    "adalora-every-step",
    "adalora-sparse", "token-indices", "full", "full-tied", "ia3", "ln-tuning", "pissa", "pissa-dora",
    "olora", "mica",
    "prompt", "p-tuning", "p-tuning-lstm", "prefix", "prefix-projection",
  ]

  struct Run {
    let json: JSONObject
    let options: TrainingOptions
    let model: FineTuningModel

    init(_ name: String) throws {
      // Tiny products gain nothing from more threads, and the values were made with one.
      Engine.threads = 1
      let text = String(decoding: try WholeFile.read("\(folder)/training/\(name)/run.json"), as: UTF8.self)
      json = try #require(JSONValue.parse(text).objectValue)
      var settings = JSONObject(json.filter { $0.key != "optimizer" })
      settings["shuffle"] = false
      settings["save_every"] = 0
      let optimizer = json["optimizer"]?.stringValue
      if optimizer == "lora-fa" { settings["optimizer"] = "lora-fa" }
      options = try TrainingOptions(settings)
      let tuned = try AdaptedPretrainedModel(
        folder: "\(folder)/models/\(#require(json["model"]?.stringValue))")
      let adapters = tuned.adapters
      let initial = json["initial"]?.stringValue
      if let initial {
        try adapters.load(folder: "\(folder)/training/\(initial)")
        try adapters.setTrainable(true)
      }
      model = try FineTuningModel(
        tuned, training: initial == nil ? .allWeights : .adapter("default"), objective: .nextToken,
        options: options
      ) { folder in
        if initial != nil { try adapters.save(to: folder) }
      }
    }
  }

  static func rows(isLed: Bool = false) throws -> ExampleSet {
    let text = String(decoding: try WholeFile.read("\(folder)/training/rows.jsonl"), as: UTF8.self)
    return ExampleSet(
      try text.split(separator: "\n").enumerated().map { index, line in
        let row = try JSONValue.parse(String(line))
        let ids = try #require(row["input_ids"]?.arrayValue).compactMap { $0.intValue.map(Int32.init) }
        let labels = row["labels"]?.arrayValue?.compactMap { $0.intValue.map(Int32.init) }
        var example = TokenizedExample(
          ids: ids, target: .tokens(labels ?? ids), origin: "rows.jsonl:\(index + 1)")
        example.isLed = isLed
        return example
      })
  }

  @Test(arguments: cases)
  func everyStepIsPEFTs(name: String) throws {
    let run = try Run(name)
    let output = try TemporaryFolder()
    var records: [StepRecord] = []
    let isLed = run.model.adapters.store.prompts?.working?.isText == true
    let rows = try Self.rows(isLed: isLed)
    let trainer = try Trainer(run.model, on: rows, options: run.options, output: output.path)
    try trainer.run { event in
      if case .stepped(let record, _) = event { records.append(record) }
    }
    let trace = try #require(run.json["trace"]?.arrayValue)
    #expect(records.count == trace.count)
    // bfloat16 rounds wherever the two sum in another order, and twenty steps add that up.
    let (forLoss, forNorm, forLogits) = name.hasSuffix("bf16") ? (1e-2, 1e-1, 5e-2) : (1e-4, 1e-3, 1e-4)
    for (record, expected) in zip(records, trace) {
      func check(_ key: String, _ found: Double?, _ tolerance: Double) throws {
        guard let right = expected[key]?.doubleValue else { return }
        let found = try #require(found)
        #expect(
          abs(found - right) <= tolerance * abs(right) + 1e-9,
          "\(key) of step \(record.step): \(found), not \(right)")
      }
      try check("loss", record.loss, forLoss)
      try check("regularization", record.regularization ?? 0, forNorm)
      try check("grad_norm", record.gradNorm, forNorm)
      try check("learning_rate", record.learningRate, 1e-12)
      if let ranks = record.trace["ranks"]?.objectValue, let sum = expected["rank_pattern_sum"]?.intValue {
        #expect(ranks.reduce(0) { $0 + ($1.value.intValue ?? 0) } == sum, "ranks of step \(record.step)")
      }
    }
    let right = try #require(
      SafetensorsFile(path: "\(Self.folder)/training/\(name)/expected.safetensors").allTensors()["logits"])
    let ids = try Self.rows().examples[0].ids.map(Int.init)
    let logits = try withoutGradients { try run.model.model.logits(ModelInput(ids)) }
    // PEFT's rows of virtual tokens come first.
    let real = try right.slice(1, from: right.shape[1] - ids.count)
    #expect(try logits.relativeError(to: real) < forLogits)
  }
}
