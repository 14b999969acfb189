import Reports

/// Shows a run on a progress line: step, loss, speed, learning rate, time left; evaluations on lines of their own.
public final class LiveProgress {
  private let line: ProgressLine

  public init(_ line: ProgressLine = ProgressLine("train")) { self.line = line }

  /// What a run reports goes in here; see ``Trainer/run(_:)``.
  public func show(_ event: TrainingEvent) {
    switch event {
    case .started(let step, let total):
      if step > 0 { line.log("resumed after step \(step) of \(total)") }
    case .stepped(let record, let total):
      line.update(
        .training(
          step: record.step, of: total, loss: record.loss, learningRate: record.learningRate,
          tokensPerSecond: record.tokensPerSecond))
    case .evaluated(let step, let result):
      let values = result.values.map { name, value in
        "\(name) \(name == "tokens" ? Numbers.significant(value, 9) : Numbers.significant(value))"
      }
      line.log("step \(step): evaluation \(values.joined(separator: ", "))")
    case .saved: break
    case .warned(let text): line.log("warning: \(text)")
    }
  }

  /// Takes the line off the screen; call it however the run ended.
  public func finish() { line.finish() }
}
