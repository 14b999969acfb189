import Models
import PEFT
import Training

extension AdaptedPretrainedModel {
  /// Rounds weights in groups again, by what rows of data show; see ``AdaptedModel/roundAgain(on:ordersByActivation:progress:)``.
  ///
  /// - Parameters:
  ///   - path: the file with the rows.
  ///   - count: rows to look at, at most, drawn by the seed.
  ///   - ordersByActivation: whether inputs take their turn by size.
  /// - Throws: what is wrong with the data, or with the model.
  public func roundAgain(
    on path: String, _ options: DataOptions, rows count: Int, ordersByActivation: Bool, seed: UInt64,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> (report: RoundingReport, warnings: [String]) {
    let rows = try RowFile.read(path, options)
    let labels = try TaskLabels(rows, task: model.task, options: options, config: model.configuration)
    let builder = try ExampleBuilder(
      model, objective: labels.objective, tokenizer: ModelFolder(folder).tokenizer(), options: options)
    let examples = try builder.examples(rows)
    var loop = TrainingOptions()
    (loop.batchSize, loop.seed) = (min(8, count), Int(clamping: seed))
    let data = try Calibration(
      self, examples, objective: labels.objective, options: loop, limit: max(1, count / loop.batchSize))
    let report = try adapters.roundAgain(on: data, ordersByActivation: ordersByActivation, progress: progress)
    return (report, examples.warnings)
  }
}
