import ArgumentParser
import FineTuning
import Models
import PEFT
import Torch

/// A model and adapters in it, as most commands take them.
struct ModelFlags: ParsableArguments {
  @Option(help: "The base model: a folder in Hugging Face layout, or a hub id, ORG/NAME.")
  var model: String
  @Option(
    help: "An adapter, perhaps with a name: NAME=DIR; a folder or a hub id; may be given several times.")
  var adapter: [String] = []
  @Flag(help: "Leave what an adapter lacks, or has in another shape, at its initial value.")
  var allowMismatch = false
  @Option(
    help: "Rename modules of an adapter: REGEX=REPLACEMENT, on their paths; may be given several times.")
  var keyMapping: [String] = []

  @OptionGroup(title: "Quantization") var quantization: QuantizationFlags

  func load(
    task: ModelTask?, _ engine: EngineOptions, device: Device, _ output: OutputOptions
  ) throws -> AdaptedPretrainedModel {
    let tuned = try AdaptedPretrainedModel(
      folder: model, adapters: adapter, task: task, dtype: engine.loadedType(), device: device,
      allowMismatch: allowMismatch, keyMapping: mapping(),
      quantization: quantization.value(), seed: engine.seed ?? EngineOptions.usualSeed)
    for (path, (_, report)) in zip(adapter, tuned.reports) {
      output.warn(Self.warnings(report, path))
    }
    return tuned
  }

  /// - Throws: ``Failure`` for a mapping that is none.
  func mapping() throws -> KeyMapping? {
    do {
      return try keyMapping.isEmpty ? nil : KeyMapping(keyMapping)
    } catch {
      throw Failure(.usage, "--key-mapping: \(error)")
    }
  }

  /// What loading an adapter found beside what it needed.
  static func warnings(_ report: AdaptedModel.LoadReport, _ path: String) -> [String] {
    var lines = report.injection.warnings
    if !report.unknownFields.isEmpty {
      lines.append("fields that are kept but not understood: \(report.unknownFields.joined(separator: ", "))")
    }
    for (what, names) in [
      ("missing", report.missing), ("unexpected", report.unexpected), ("of another shape", report.mismatched),
    ] where !names.isEmpty {
      lines.append("\(names.count) tensors \(what): \(names.prefix(4).joined(separator: ", "))")
    }
    return lines.map { "\($0), in \(path)" }
  }
}

/// `--task`, by the names of ``ModelTask``.
struct TaskFlag: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "\(ModelTask.allCases.map(\.rawValue).joined(separator: ", ")) (default: as config.json or the adapter says)."
    ))
  var task: String?

  func value() throws -> ModelTask? {
    guard let task else { return nil }
    guard let found = ModelTask(rawValue: task) else {
      let names = ModelTask.allCases.map(\.rawValue)
      throw Failure(
        .usage,
        "--task is '\(task)'\(Suggestion.hint(task, among: names)): must be one of \(names.joined(separator: ", "))"
      )
    }
    return found
  }
}

extension OutputOptions {
  func warn(_ lines: [String]) { for line in lines { note("warning: \(line)") } }
}
