import ArgumentParser
import Demo
import Files
import FineTuning
import Foundation
import Generation
import JSON
import Models
import PEFT
import Reports
import Tokenizers
import Torch
import Training

/// The whole story on a model that comes with the program: score, fine-tune, score again, merge.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Show the whole story in a minute or two, offline, on a small model that comes along.",
    discussion: """
      Scores the model on a task it has never seen, fine-tunes it with LoRA, scores it again, shows samples, merges the
      adapter and checks the merge. Ends with the commands to do the same with a model and data of your own.

      Example:
        peft demo --output peft-demo
      """)

  @Option(help: "The folder to write; what an earlier demo left there is replaced.") var output = "peft-demo"
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let started = Date()
    guard let base = DemoModel.folder else {
      throw Failure(
        .unavailable,
        "the demo's model is not beside the program: run 'make demo', or install with 'make install'")
    }
    let folder = try OutputFolder(output, overwrite: true)
    let device = try engine.start()
    let tokenizer = try Tokenizer.load(folder: base)
    let adapter = Folder.join(output, "adapter")
    let result = try folder.fill { () throws -> JSONObject in
      let run = try fineTuning(base, device)
      let rows = DemoTask.rows(.heldOut)
      say("1. The base model, asked to describe \(rows.count) places that it has never seen")
      let before = try answers(run, tokenizer, rows)
      let baseScore = DemoTask.score(before, rows)
      say("   exactly right: \(percent(baseScore))\n")

      say("2. Fine-tuning with LoRA: \(run.description)")
      let display = TrainingDisplay(speech)
      let summary = try OutputFolder(adapter, overwrite: true).fill {
        try run.trainer(output: adapter, resume: false).run(display.show)
      }
      say("   loss \(Numerals.short(summary.finalLoss ?? .nan)) after \(summary.steps) steps\n")

      say("3. The same questions again")
      let after = try answers(run, tokenizer, rows)
      let tunedScore = DemoTask.score(after, rows)
      say("   exactly right: \(percent(tunedScore))\n")
      say(samples(rows, before, after))

      say("4. Merging the adapter into the model")
      let merged = Folder.join(output, "merged")
      try ModelWriter.save(
        run.tuned.model, merging: ["default"], from: base, to: merged, dtype: .float32, overwrite: true)
      let check = try MergeVerification(run.tuned, merged: merged)
      guard check.holds else {
        throw Failure(
          .ours,
          "the merged model's outputs differ by \(Numerals.short(check.relativeError)), \(merged): report this"
        )
      }
      say(
        "   outputs of \(merged) and of the model with its adapter differ by \(Numerals.short(check.relativeError)) (relative)\n"
      )
      return [
        "base_score": .double(baseScore), "tuned_score": .double(tunedScore), "steps": .int(summary.steps),
        "merge_relative_error": .double(check.relativeError), "adapter": .string(adapter),
        "merged": .string(merged),
        "report": .string(Folder.join(adapter, "report.html")),
        "seconds": .double(Date().timeIntervalSince(started)),
      ]
    }
    speech.json
      ? Console.print(.object(result)) : Console.print(closing(adapter, Date().timeIntervalSince(started)))
  }

  /// The recipe on the training rows, written where the run finds them.
  private func fineTuning(_ base: String, _ device: Device) throws -> FineTuningRun {
    let data = Folder.join(output, "train.jsonl")
    try Folder.create(output)
    let lines = DemoTask.rows(.train).map { row in
      JSONValue.object(["prompt": .string(row.prompt), "completion": .string(row.completion)]).serialized()
    }
    try AtomicFile.write(data, lines.joined(separator: "\n") + "\n")
    let method = try MethodRegistry.method(
      named: "lora",
      [
        "r": .int(DemoTask.Recipe.rank), "lora_alpha": .int(DemoTask.Recipe.alpha),
        "target_modules": "all-linear",
      ])
    var options = TrainingOptions()
    options.steps = DemoTask.Recipe.steps
    options.batchSize = DemoTask.Recipe.batchSize
    options.learningRate = DemoTask.Recipe.learningRate
    options.warmupSteps = DemoTask.Recipe.warmupSteps
    options.saveEvery = 0
    return try FineTuningRun(
      FineTuningPlan(
        model: base, data: data, task: .causalLM, adapter: AdapterConfiguration(method), options: options,
        dtype: .float32, device: device))
  }

  private func answers(_ run: FineTuningRun, _ tokenizer: Tokenizer, _ rows: [DemoTask.Row]) throws
    -> [String]
  {
    guard let model = run.tuned.model as? any CausalLanguageModel else { return [] }
    let generator = try TextGenerator(model, tokenizer: tokenizer)
    var options = SamplingOptions()
    options.maxNewTokens = DemoTask.Recipe.maxNewTokens
    return try stride(from: 0, to: rows.count, by: 50).flatMap { start in
      let prompts = try rows[start..<min(start + 50, rows.count)].map { try tokenizer.encode($0.prompt).ids }
      return try generator.generate(prompts, options).map(\.text)
    }
  }

  private func samples(_ rows: [DemoTask.Row], _ before: [String], _ after: [String]) -> String {
    var table = TextTable(
      ["asked", "before", "after"].map { .init($0, maximumWidth: 38, wraps: true) })
    for index in DemoTask.showcase.indices {
      let cells = [rows[index].prompt, before[index], after[index]].map {
        $0.split(whereSeparator: \.isNewline).first.map(String.init)?.trimmingCharacters(in: .whitespaces)
          ?? ""
      }
      table.append(cells)
      table.append([])
    }
    return table.text() + "\n"
  }

  private func closing(_ adapter: String, _ seconds: Double) -> String {
    """
    Done in \(Int(seconds.rounded())) s. The run's report: \(adapter)/report.html

    The same with a model and data of your own:
      peft train --model MODEL_FOLDER --data rows.jsonl --method lora --rank 16 --target-modules all-linear --output my-adapter
      peft generate --model MODEL_FOLDER --adapter my-adapter --prompt "..."
      peft merge --model MODEL_FOLDER --adapter my-adapter --output my-model --verify
    Rows are {"prompt": "...", "completion": "..."}, {"messages": [...]}, {"text": "..."} or CSV; see 'peft train --help'.
    """
  }

  private func say(_ text: String) { if !speech.quiet { Console.error(text) } }

  private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
}
