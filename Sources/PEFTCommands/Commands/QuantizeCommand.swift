import ArgumentParser
import FineTuning
import JSON
import Models
import NN
import PEFT
import Reports
import Safetensors
import Torch

/// A model in few bits.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Write a model with its linear layers in few bits.",
    discussion: """
      nf4, fp4 and int8 are written as bitsandbytes does, gptq (of 2, 3, 4 or 8 bits) and awq as their programs do, float8
      in blocks of 128 by 128: transformers knows these folders, and so does every command here. The embeddings, lm_head,
      heads and norms stay as they are. Weights are rounded to the nearest; with --data, gptq corrects for rounding as its
      paper does, so that the layers' outputs for these texts stay near what they were.

      Examples:
        peft quantize --model Qwen2.5-0.5B --to nf4 --output Qwen2.5-0.5B-nf4
        peft quantize --model Qwen2.5-0.5B --to gptq --bits 4 --group-size 128 --desc-act --data rows.jsonl --output q4
      """)

  @Option(help: "The model: a folder in Hugging Face layout, or a hub id, ORG/NAME.") var model: String
  @Option(help: "\(QuantizationChoice.names).") var to: String
  @Option(help: "The folder to write.") var output: String
  @OptionGroup(title: "Quantization") var details: QuantizationDetails
  @Option(help: "Rows like those the model is for, which gptq looks at: JSONL, JSON, CSV, TSV or text.")
  var data: String?
  @Option(help: "Rows of --data to look at, at most, drawn with the seed.") var calibrationRows = 128
  @Flag(help: "Let gptq take inputs by their size, the largest first; groups are out of order then.")
  var descAct = false
  @Flag(help: "Replace the folder if it is not empty.") var overwrite = false
  @Option(help: "The largest file of weights, such as 2GB.") var maxShardSize = "5GB"
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Data") var rows: DataFlags
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if calibrationRows < 1 {
      throw ValidationError("--calibration-rows is \(calibrationRows): must be at least 1")
    }
    if data != nil, to != "gptq" {
      throw ValidationError("--data is for --to gptq: other formats are rounded to the nearest")
    }
    if descAct, data == nil { throw ValidationError("--desc-act is by data: add --data") }
  }

  func run() throws {
    let device = try engine.start()
    var quantization = try details.quantization(QuantizationChoice.parse(to, flag: "--to"))
    quantization.ordersByActivation = descAct
    let size = try ByteSize.parse(maxShardSize)
    let tuned = try AdaptedPretrainedModel(
      folder: model, task: task.value(), dtype: engine.loadedType(), device: device,
      quantization: quantization,
      seed: engine.seed ?? EngineOptions.usualSeed)
    let report = try data.map { try calibrate(tuned, on: $0) }
    let loaded = tuned.model
    try ModelWriter.save(
      loaded, from: ModelFolder(model).path, to: output, maxShardSize: size, overwrite: overwrite,
      keepsQuantized: true)
    let (weights, bytes) = (loaded.store.quantizedWeights, loaded.store.byteCount)
    if speech.json {
      var object: JSONObject = [
        "output": .string(output), "quantized": .int(weights.count), "bytes": .int(bytes),
        "quantized_bytes": .int(weights.reduce(0) { $0 + $1.byteCount }),
        "quantized_parameters": .int(weights.reduce(0) { $0 + $1.shape.reduce(1, *) }),
      ]
      if let report {
        object["error_nearest"] = .double(report.nearest)
        object["error_calibrated"] = .double(report.calibrated)
      }
      Console.print(.object(object))
    } else {
      let share = weights.reduce(0) { $0 + $1.shape.reduce(1, *) } * 100 / max(1, loaded.store.parameterCount)
      Console.print(
        "\(output): \(weights.count) layers in \(to), \(share) % of the parameters; \(bytes / 1_000_000) MB in all"
      )
      if let report { Console.print(report.words) }
    }
  }

  private func calibrate(_ tuned: AdaptedPretrainedModel, on data: String) throws -> RoundingReport {
    let line = ProgressLine("rounding", mode: speech.quiet ? .silent : .automatic)
    defer { line.finish() }
    let (report, warnings) = try tuned.roundAgain(
      on: data, rows.options(), rows: calibrationRows, ordersByActivation: descAct,
      seed: engine.seed ?? EngineOptions.usualSeed
    ) { done, count in line.update(ProgressStatus(done: done, total: count, fields: ["blocks of layers"])) }
    speech.warn(warnings)
    return report
  }
}

extension RoundingReport {
  fileprivate var words: String {
    func percent(_ value: Double) -> String { "\((value * 10000).rounded() / 100) %" }
    let lost =
      unreached.isEmpty
      ? "" : "; \(unreached.count) layers see none of the data and are rounded to the nearest"
    return "outputs of the layers are off by \(percent(calibrated)) for the data, and would be by "
      + "\(percent(nearest)) with weights rounded to the nearest\(lost)"
  }
}
