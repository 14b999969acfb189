import ArgumentParser
import FineTuning
import JSON
import Models
import NN
import Safetensors
import Torch
import Training

/// Raw outputs of a model, row by row.
struct LogitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logits",
    abstract: "Write a model's raw outputs on rows of data.",
    discussion: """
      Writes a safetensors file with a float32 tensor logits.ROW for each row, counted from 0: [tokens, vocabulary]
      for language models, [labels] for classifiers.

      Example:
        peft logits --model Qwen2.5-0.5B --data rows.jsonl --output logits.safetensors
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "Rows to run on: JSONL, JSON, CSV, TSV or text; or a folder of pictures.") var data: String
  @Option(help: "The safetensors file to write.") var output: String
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Data") var rows: DataFlags
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func run() throws {
    let options = try rows.options()
    let data = try RowFile.read(data, options)
    let device = try engine.start()
    let tuned = try model.load(task: task.value(), engine, device: device, speech)
    let labels = try TaskLabels(scoring: data, on: tuned.model, options: options, needsTargets: false)
    let folder = try ModelFolder(model.model)
    let builder = try ExampleBuilder(
      tuned.model, objective: labels.objective, tokenizer: folder.tokenizer(),
      options: options, needsTargets: false, pictures: folder.imageProcessor(for: tuned.model))
    let set = try builder.examples(data)
    speech.warn(set.warnings)
    let subject = try FineTuningModel(tuned, training: .nothing, objective: labels.objective)
    var outputs: [String: Tensor] = [:]
    try withoutGradients {
      for (index, example) in set.examples.enumerated() {
        let batch = try Batch([[example]], objective: subject.objective, padding: set.padding, device: device)
        outputs["logits.\(index)"] = try subject.logits(batch).to(dtype: .float32, device: .cpu).select(0, 0)
      }
    }
    try SafetensorsWriter.write(outputs, to: output)
    if speech.json {
      Console.print(["output": .string(output), "rows": .int(outputs.count)])
    } else {
      speech.note("\(output): \(outputs.count) rows")
    }
  }
}
