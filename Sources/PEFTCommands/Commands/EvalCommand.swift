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
      spearman; question answering: exact_match and f1; masked language models: loss and perplexity. With --glue the
      task's own score comes last. --predictions works without labels too.

      Example:
        peft eval --model Qwen2.5-0.5B --adapter my-adapter --data test.jsonl
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "Rows to score on: JSONL, JSON, CSV, TSV or text.") var data: String
  @Option(
    help: "Write what the model predicts for each row: a table with index and prediction, as GLUE takes it.")
  var predictions: String?
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
    // Rows of a test set have no labels; there is nothing to score then.
    let isScored =
      predictions == nil || tuned.model.task != .sequenceClassification
      || data.contains { $0.hasLabel(options) }
    let labels = try TaskLabels(scoring: data, on: tuned.model, options: options, needsTargets: isScored)
    let builder = try ExampleBuilder(
      tuned.model, objective: labels.objective, tokenizer: ModelFolder(model.model).tokenizer(),
      options: options, needsTargets: isScored)
    let set = try builder.examples(data)
    speech.warn(set.warnings)
    let subject = try FineTuningModel(tuned, training: .nothing, objective: labels.objective)
    let evaluator = try Evaluator(
      set.examples, batchSize: batchSize, padding: set.padding, masking: set.masking)
    var file = try predictions.map { _ in
      try PredictionFile(tuned.model, objective: labels.objective, task: options.glue, rows: data.count)
    }
    let result = try evaluator.evaluate(subject) { index, outputs in file?.add(index, outputs) }
    if let predictions {
      try file?.write(to: predictions)
      speech.note("\(predictions): \(data.count) predictions")
    }
    show(isScored ? result : nil, options.glue)
  }

  private func show(_ result: EvaluationResult?, _ task: GLUETask?) {
    var values = result?.values ?? []
    let scores = task.map { $0.metrics.compactMap { name in result?[name] } } ?? []
    if !scores.isEmpty { values.append(("score", scores.reduce(0, +) / Double(scores.count))) }
    if speech.json {
      var object = result?.json ?? [:]
      if let score = values.last, score.name == "score" { object["score"] = .double(score.value) }
      Console.print(.object(object))
    } else {
      for (name, value) in values { Console.print("\(name)\t\(Numerals.short(value))") }
    }
  }
}
