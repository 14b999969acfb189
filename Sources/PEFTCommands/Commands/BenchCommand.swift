import ArgumentParser
import Configuration
import Files
import FineTuning
import Foundation
import JSON
import Models
import PEFT
import Torch
import Training

/// How fast training is: the real loop on rows of random tokens.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time training steps of a method on a model.",
    discussion: """
      Runs the training loop on rows of random tokens, or on those of --data. gemm_fraction is the share of matrix products in the time of a forward
      and backward pass, measured afterwards under a profiler.

      With --tokenize, the tokenizer is timed on the texts between the empty lines of a file, on one thread.

      With --generate, greedy generation is timed instead: rows of --sequence-length random tokens, continued together.

      Examples:
        peft bench --model Qwen2.5-0.5B --method lora --batch-size 4 --steps 5
        peft bench --model MiniLM --task seq-cls --data train.tsv --batch-size 32
        peft bench --model Qwen2.5-0.5B --generate 64 --batch-size 1 --sequence-length 32
        peft bench --model Qwen2.5-0.5B --tokenize corpus.txt
        peft bench --model Qwen2.5-0.5B --vary sequence-length=128,256,512,1024 --plot cost.svg
      """)

  @Option(help: "The base model.") var model: String
  @OptionGroup(title: "Method") var method: MethodFlags
  @Option(help: "Rows to train on, in their order, instead of random ones.") var data: String?
  @OptionGroup(title: "Data") var dataFlags: DataFlags
  @OptionGroup var task: TaskFlag
  @Option(help: "Rows in one step.") var batchSize = 4
  @Option(help: "Tokens in a random row.") var sequenceLength = 256
  @Option(help: "Timed steps.") var steps = 10
  @Option(help: "Steps before them.") var warmup = 2
  @Flag(help: "Compute activations twice instead of keeping them.") var gradientCheckpointing = false
  @Flag(help: .field(TrainingOptions.self, "packing")) var packing = false
  @Option(help: "Time greedy generation of this many tokens, with the adapter of --init-adapter if any.")
  var generate: Int?
  @Option(help: "Give each generated text an adapter of its own, drawn at random, of --method and --rank.")
  var adapters: Int?
  @Option(help: "Draw where a step's time goes, as FILE.svg or FILE.png.") var plot: String?
  @Option(
    help: "Run for several values of a flag, such as batch-size=1,2,4; --plot then draws tokens/s and memory."
  )
  var vary: Variation?
  @Option(help: "Time the model's tokenizer on the texts of this file.") var tokenize: String?
  @OptionGroup(title: "Quantization") var quantization: QuantizationFlags
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    for (name, value) in [("batch-size", batchSize), ("steps", steps)] where value < 1 {
      throw ValidationError("--\(name) is \(value): must be at least 1")
    }
    if sequenceLength < 2 {
      throw ValidationError("--sequence-length is \(sequenceLength): must be at least 2")
    }
    try ChartFile.check(plot)
    if let generate, generate < 1 { throw ValidationError("--generate is \(generate): must be at least 1") }
    if let adapters, adapters < 1 || generate == nil {
      throw ValidationError("--adapters is \(adapters): must be at least 1, and goes with --generate")
    }
    if warmup < 0 { throw ValidationError("--warmup is \(warmup): must be at least 0") }
  }

  func run() throws {
    if let vary { return try run(varying: vary) }
    if let tokenize { return try timeTokenizing(of: tokenize) }
    let device = try engine.start()
    if let generate { return try timeGeneration(of: generate, device) }
    let scratch = Folder.join(NSTemporaryDirectory(), "peft-bench-\(UInt64.random(in: .min ... .max))")
    try Folder.create(scratch)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    var options = TrainingOptions()
    (options.steps, options.batchSize, options.shuffle) = (warmup + steps, batchSize, false)
    (options.saveEvery, options.scheduler) = (0, .constant)
    (options.gradientCheckpointing, options.packing) = (gradientCheckpointing, packing)
    var plan = FineTuningPlan(
      model: model, data: try data ?? randomRows(in: scratch),
      task: try task.value() ?? (data == nil ? GenerateCommand.task(of: model) : nil),
      adapter: try method.configuration(), initialAdapter: method.initAdapter, options: options,
      dataOptions: try dataFlags.options(), dtype: try engine.loadedType(), device: device)
    plan.quantization = try quantization.value()
    let run = try FineTuningRun(plan)
    speech.warn(run.warnings)
    let timings = try measure(run, Folder.join(scratch, "run"))
    let profile = try profile(run)
    show(timings, profile)
    if let plot { try ChartFile.write(StepProfile.chart([profile.bar(method.method ?? "lora")]), to: plot) }
  }

  private struct Timings {
    var seconds: [Double] = []
    var tokens = 0
    var peak = 0
  }

  private func measure(_ run: FineTuningRun, _ output: String) throws -> Timings {
    var timings = Timings()
    try run.trainer(output: output, resume: false).run { event in
      guard case .stepped(let record, _) = event, record.step > warmup else { return }
      timings.seconds.append(record.seconds)
      timings.tokens += record.tokens
      timings.peak = ProcessMemory.peak
    }
    return timings
  }

  private func profile(_ run: FineTuningRun) throws -> StepProfile {
    let batch = try Batch(
      run.examples.examples.prefix(batchSize).map { [$0] }, objective: run.model.objective,
      padding: run.examples.padding,
      device: run.model.device)
    run.model.isTraining = true
    defer { run.model.isTraining = false }
    let start = ContinuousClock.now
    let operators = try Engine.profile {
      try run.model.summedLoss(batch).backward()
      try Engine.synchronize(run.model.device)
    }
    return StepProfile(
      operators.map { (name: $0.name, seconds: $0.seconds) },
      total: (ContinuousClock.now - start) / .seconds(1))
  }

  /// A file of JSON lines with one batch of random tokens.
  private func randomRows(in folder: String) throws -> String {
    let vocabulary = try ModelConfiguration(folder: ModelFolder(model).path).text.size("vocab_size")
    let generator = try Generator(seed: engine.seed ?? EngineOptions.usualSeed)
    let rows = try (0..<batchSize).map { _ in
      let ids = try Tensor.randint(0..<vocabulary, [sequenceLength], generator: generator).array(of: Int.self)
      let tokens = JSONValue.array(ids.map(JSONValue.int))
      // An encoder-decoder answers a text of as many tokens.
      return JSONValue.object(["input_ids": tokens, "labels": tokens]).serialized() + "\n"
    }
    let file = Folder.join(folder, "rows.jsonl")
    try AtomicFile.write(file, rows.joined())
    return file
  }

  private func show(_ timings: Timings, _ profile: StepProfile) {
    let median = median(timings.seconds) ?? .nan
    let rate = Double(timings.tokens) / timings.seconds.reduce(0, +)
    if speech.json {
      return Console.print([
        "step_seconds_median": .double(median), "tokens_per_second": .double(rate),
        "peak_rss_bytes": .int(timings.peak), "gemm_fraction": .double(profile.productShare),
        "operators": .object(JSONObject(profile.operators.map { ($0.name, .double($0.seconds)) })),
      ])
    }
    Console.print(
      "\(Numerals.short(median)) s a step, \(Numerals.short(rate)) tokens/s, \(timings.peak / 1_000_000) MB, "
        + "\(Int((profile.productShare * 100).rounded())) % in matrix products")
  }
}
