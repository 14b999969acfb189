import ArgumentParser
import Files
import FineTuning
import Foundation
import JSON
import Models
import PEFT
import Torch
import Training

/// Fine-tunes a model on rows of data.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Fine-tune a model: an adapter of any method, or all weights.",
    discussion: """
      Writes the adapter, metrics.jsonl, summary.json, report.html and checkpoints/ into --output. An interrupted run
      goes on with --resume as if it had never stopped. --config run.yaml takes any of these flags from a file.

      --init pissa, olora, corda and lora_ga train on what is left of the base when the initial factors are taken off;
      adapter_initial.safetensors beside the adapter keeps what that was. PEFT loads pissa and olora as they are, and
      every one of them after --convert-to-lora (or peft convert --to peft).

      Example:
        peft train --model Qwen2.5-0.5B --data rows.jsonl --output tuned \\
          --method lora --rank 16 --epochs 3
      """)

  @Option(help: "The base model: a folder in Hugging Face layout, or a hub id, ORG/NAME.")
  var model: String
  @Option(help: "Rows to train on: JSONL, JSON, CSV, TSV or text; or a folder of pictures.") var data: String
  @Option(help: "Rows to score on.") var evalData: String?
  @Option(help: "The folder to write.") var output: String
  @Flag(help: "Go on from the last checkpoint in --output.") var resume = false
  @Flag(help: "Replace what an earlier run has left in --output.") var overwrite = false
  @Option(
    help: "Train once for each of these seeds, such as 1,2,3, and say mean and deviation of the results.")
  var seeds: String?
  @Option(help: "A YAML file with any of these flags.") var config: String?
  @OptionGroup(title: "Method") var method: MethodFlags
  @OptionGroup(title: "Training") var loop: LoopFlags
  @OptionGroup(title: "Data") var rows: DataFlags
  @OptionGroup(title: "Quantization") var quantization: QuantizationFlags
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws { _ = try seedList() }

  func run() throws {
    guard let seeds = try seedList() else {
      let started = Date()
      let summary = try train(output, seed: engine.seed)
      guard !speech.json else { return Console.print(.object(summary.json)) }
      let seconds = Int(Date().timeIntervalSince(started).rounded())
      return Console.print(
        "\(output): \(summary.steps) steps in \(seconds) s, loss \(summary.finalLoss.map(Numerals.short) ?? "-")"
      )
    }
    let folder = try OutputFolder(output, overwrite: overwrite, resume: resume, reads: inputs)
    let runs = try folder.fill { try seeds.map(trainOnce) }
    let summary = SeedSummary(seeds: seeds.map { Int(clamping: $0) }, runs: runs)
    try summary.write(to: Folder.join(output, "summary.json"))
    guard !speech.json else { return Console.print(.object(summary.json)) }
    for name in summary.resultNames {
      guard let (mean, deviation) = summary.result(name) else { continue }
      Console.print("\(name)\t\(Numerals.short(mean)) ± \(Numerals.short(deviation))")
    }
    Console.print("\(output): \(seeds.count) seeds")
  }

  /// The summary of the run with a seed, in a folder of its own; one that has come to its end is not run again.
  private func trainOnce(seed: UInt64) throws -> JSONObject {
    let folder = Folder.join(output, "seed-\(seed)")
    let file = Folder.join(folder, "summary.json")
    if resume, Folder.hasFile(file) { return try JSONValue.parse(contentsOf: file).objectValue ?? [:] }
    speech.note("seed \(seed)")
    return try train(folder, seed: seed).json
  }

  /// What a run reads, but for its own flags: a run.yaml may lie beside what it has made.
  private var inputs: [String] {
    [model, data] + [evalData, method.initAdapter, method.adapterConfig].compactMap(\.self)
  }

  private func seedList() throws -> [UInt64]? {
    guard let seeds else { return nil }
    let list = seeds.split(separator: ",").map { UInt64($0.filter { !$0.isWhitespace }) }
    guard !list.isEmpty, !list.contains(nil), Set(list).count == list.count else {
      throw ValidationError(
        "--seeds is '\(seeds)': must be different whole numbers with commas between, such as 1,2,3")
    }
    guard engine.seed == nil else {
      throw ValidationError("--seeds and --seed exclude each other: choose one")
    }
    return list.compactMap(\.self)
  }

  private func train(_ output: String, seed: UInt64?) throws -> TrainingSummary {
    let dataOptions = try rows.options()
    var options = try loop.options(seed: seed)
    if loop.metricForBestModel == nil, let task = dataOptions.glue { options.bestMetric = task.metric }
    let folder = try OutputFolder(output, overwrite: overwrite, resume: resume, reads: inputs)
    var engine = engine
    engine.seed = seed
    let device = try engine.start()
    var plan = FineTuningPlan(
      model: model, data: data, evaluationData: evalData, task: try task.value(),
      adapter: try method.configuration(), initialAdapter: method.initAdapter, options: options,
      dataOptions: dataOptions, dtype: try engine.loadedType(), device: device)
    (plan.calibrationBatches, plan.convertsToLoRA) = (method.calibrationBatches, method.convertToLora)
    plan.quantization = try quantization.value()
    plan.originals = try method.originals(for: plan.adapter)
    plan.checkpoint = resume ? try Trainer.latestCheckpoint(in: output) : nil
    let run = try FineTuningRun(plan)
    speech.warn(run.warnings)
    speech.note(run.description)
    return try folder.fill {
      let trainer = try run.trainer(output: output, resume: resume)
      Interruption.listen()
      defer { Interruption.stopListening() }
      trainer.shouldStop = { Interruption.isRequested }
      let display = TrainingDisplay(speech)
      let summary = try trainer.run(display.show)
      try run.finish(in: output)
      return summary
    }
  }
}
