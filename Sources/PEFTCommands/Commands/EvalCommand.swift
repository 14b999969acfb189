import ArgumentParser
import FineTuning
import JSON
import Models
import Training

/// Scores a model on rows of data.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Score a model, with or without adapters, on rows of data.",
    discussion: """
      Language models: loss, perplexity and tokens. Classifiers: accuracy, f1 and matthews. Regressions: pearson and
      spearman.

      Example:
        peft eval --model Qwen2.5-0.5B --adapter my-adapter --data test.jsonl
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "Rows to score on: JSONL, JSON, CSV, TSV or text.") var data: String
  @Option(help: "Rows in one forward pass.") var batchSize = 8
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Data") var rows: DataFlags
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size is \(batchSize): must be at least 1") }
  }

  func run() throws {
    let options = try rows.options()
    let data = try RowFile.read(data, options)
    let tuned = try model.load(task: task.value(), engine, device: engine.start(), speech)
    let labels = try TaskLabels(scoring: data, on: tuned.model, options: options)
    let builder = try ExampleBuilder(
      tuned.model, objective: labels.objective, tokenizer: ModelFolder(model.model).tokenizer(),
      options: options
    )
    let set = try builder.examples(data)
    speech.warn(set.warnings)
    let subject = try FineTuningModel(tuned, training: .nothing, objective: labels.objective)
    let result = try Evaluator(set.examples, batchSize: batchSize, padding: set.padding).evaluate(subject)
    if speech.json {
      Console.print(.object(result.json))
    } else {
      for (name, value) in result.values { Console.print("\(name)\t\(Numerals.short(value))") }
    }
  }
}
