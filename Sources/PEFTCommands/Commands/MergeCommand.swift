import ArgumentParser
import FineTuning
import Files
import JSON
import Models
import PEFT
import Safetensors
import Torch

/// Adapters folded into a base model.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Fold adapters into their base model and write a whole model.",
    discussion: """
      Writes weights, config.json and the tokenizer. Merging is done in float32, one weight at a time. --verify loads
      the result and compares its outputs with those of the base with the adapters on top.

      Where the base is quantized, --into says what becomes of it: dense writes ordinary weights, requantize rounds the
      sums again and reports what that costs, qalora puts QA-LoRA adapters into the zeros of gptq and awq, exactly.

      Example:
        peft merge --model Qwen2.5-0.5B --adapter tuned --output merged --verify
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "The folder to write.") var output: String
  @Option(help: "What a quantized base becomes: \(MergeTarget.names).") var into: String?
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @Option(help: "The largest file of weights, such as 2GB.") var maxShardSize = "5GB"
  @Flag(help: "Compare the merged model's outputs with the adapter's.") var verify = false
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if let into, MergeTarget(rawValue: into) == nil {
      throw ValidationError("--into is '\(into)': must be one of \(MergeTarget.names)")
    }
    if verify, into == MergeTarget.requantize.rawValue {
      throw ValidationError(
        "--verify with --into requantize, which reports its rounding itself: leave it out")
    }
    if model.adapter.isEmpty { throw ValidationError("no --adapter: name the adapter to merge") }
  }

  func run() throws {
    let device = try engine.start()
    let size = try ByteSize.parse(maxShardSize)
    let type = try engine.loadedType()
    let tuned = try AdaptedPretrainedModel(
      folder: model.model, adapters: model.adapter, task: task.value(), device: device,
      allowMismatch: model.allowMismatch, keyMapping: model.mapping(),
      quantization: model.quantization.value())
    for (path, (_, report)) in zip(model.adapter, tuned.reports) {
      speech.warn(ModelFlags.warnings(report, path))
    }
    try tuned.adapters.requireMergeable(tuned.adapters.active)
    let target = try MergeTarget(into, for: tuned, in: model.model)
    var result: JSONObject = ["output": .string(output)]
    var line = output
    if target == .requantize {
      let report = try tuned.mergeQuantized()
      report.add(to: &result)
      line += ": \(report.summary)"
      speech.warn(report.warnings)
    } else if target == .qalora {
      try tuned.mergeIntoZeros()
    }
    try ModelWriter.save(
      tuned.model, merging: tuned.adapters.active, from: ModelFolder(model.model).path, to: output,
      dtype: type, maxShardSize: size, overwrite: overwrite, keepsQuantized: target != .dense)
    if verify {
      let check = try MergeVerification(tuned, merged: output)
      result["relative_error"] = .double(check.relativeError)
      result["verified"] = .bool(check.holds)
      line += ": outputs differ by \(Numerals.short(check.relativeError)) (relative)"
      guard check.holds else {
        throw Failure(
          .ours,
          "the merged model's outputs differ by \(Numerals.short(check.relativeError)), \(output): do not use it"
        )
      }
    }
    speech.json ? Console.print(.object(result)) : Console.print(line)
  }
}
