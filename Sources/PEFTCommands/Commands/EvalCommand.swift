import ArgumentParser
import FineTuning
import Generation
import JSON
import Models
import Tokenizers
import Training

/// Scores a model on rows of data.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Score a model, with or without adapters, on rows of data.",
    discussion: """
      Language models: loss, perplexity and tokens; with --metrics they also write a text for each row, which is scored
      against the row's own (BLEU as sacreBLEU's, from 0 to 100; ROUGE-1, -2 and -L, from 0 to 1). Classifiers: accuracy, f1 and matthews. Regressions: pearson and
      spearman; question answering: exact_match and f1; masked language models: loss and perplexity. With --glue the
      task's own score comes last. --predictions works without labels too.

      Example:
        peft eval --model Qwen2.5-0.5B --adapter my-adapter --data test.jsonl
      """)

  @OptionGroup var model: ModelFlags
  @Option(help: "Rows to score on: JSONL, JSON, CSV, TSV or text; or a folder of pictures.") var data: String
  @Option(
    help: "Write what the model predicts for each row: a table with index and prediction, as GLUE takes it.")
  var predictions: String?
  @Option(help: "Rows in one forward pass.") var batchSize = 8
  @Option(help: "bleu, rouge, or both with a comma between: write texts and score them.") var metrics: String?
  @Option(help: .field(SamplingOptions.self, "max_new_tokens")) var maxNewTokens = 128
  @Option(help: .field(SamplingOptions.self, "num_beams")) var numBeams = 1
  @OptionGroup var task: TaskFlag
  @OptionGroup(title: "Data") var rows: DataFlags
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Output") var speech: OutputOptions

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size is \(batchSize): must be at least 1") }
    if let wrong = wanted.first(where: { !["bleu", "rouge"].contains($0) }) {
      throw ValidationError("--metrics has '\(wrong)': must be bleu, rouge, or both with a comma between")
    }
  }

  func run() throws {
    let options = try rows.options()
    let data = try RowFile.read(data, options)
    let tuned = try model.load(task: task.value(), engine, device: engine.start(), speech)
    // Rows of a test set have no labels; there is nothing to score then.
    let isScored =
      predictions == nil || !tuned.model.task.classifiesRows
      || data.contains { $0.hasLabel(options) }
    let labels = try TaskLabels(scoring: data, on: tuned.model, options: options, needsTargets: isScored)
    let folder = try ModelFolder(model.model)
    let builder = try ExampleBuilder(
      tuned.model, objective: labels.objective, tokenizer: folder.tokenizer(),
      options: options, needsTargets: isScored, pictures: folder.imageProcessor(for: tuned.model))
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
    show(isScored ? result : nil, options.glue, try written(data, tuned, options))
  }

  private var wanted: [String] { (metrics ?? "").split(separator: ",").map { $0.lowercased() } }

  /// The scores of the texts that the model writes for the rows; none unless asked for.
  private func written(
    _ data: [DataRow], _ tuned: AdaptedPretrainedModel, _ options: DataOptions
  ) throws -> [(name: String, value: Double)] {
    guard !wanted.isEmpty else { return [] }
    guard var tokenizer = try ModelFolder(model.model).tokenizer() else {
      throw Failure(.badInput, "no tokenizer, \(model.model): put tokenizer.json beside config.json")
    }
    if let length = options.maxLength { tokenizer = tokenizer.truncating(Truncation(maxLength: length)) }
    let rows = try data.map { try WritingRow($0, task: tuned.model.task) }
    var sampling = SamplingOptions()
    (sampling.maxNewTokens, sampling.numBeams) = (maxNewTokens, numBeams)
    let generator = try TextGenerator(tuned.model, tokenizer: tokenizer)
    var pairs: [(text: String, references: [String])] = []
    for start in stride(from: 0, to: rows.count, by: batchSize) {
      let batch = rows[start..<min(start + batchSize, rows.count)]
      let texts = try generator.generate(batch.map { try tokenizer.encode($0.prompt).ids }, sampling)
      pairs += zip(texts, batch).map { ($0.text, $1.references) }
    }
    let rouge = wanted.contains("rouge") ? ROUGE.allCases.map { ($0.rawValue, $0.score(pairs)) } : []
    return (wanted.contains("bleu") ? [("bleu", BLEU.score(pairs))] : []) + rouge
  }

  private func show(
    _ result: EvaluationResult?, _ task: GLUETask?, _ written: [(name: String, value: Double)]
  ) {
    var values = (result?.values ?? []) + written
    let scores = task.map { $0.metrics.compactMap { name in result?[name] } } ?? []
    if !scores.isEmpty { values.append(("score", scores.reduce(0, +) / Double(scores.count))) }
    if speech.json {
      var object = result?.json ?? [:]
      for (name, value) in written { object[name] = .double(value) }
      if let score = values.last, score.name == "score" { object["score"] = .double(score.value) }
      Console.print(.object(object))
    } else {
      for (name, value) in values { Console.print("\(name)\t\(Numerals.short(value))") }
    }
  }
}
