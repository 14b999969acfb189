/// The charts of a run: one for each thing that its metrics measure.
import JSON

extension RunReport {
  var charts: [any Chart] {
    let keys = metrics.numericKeys
    let losses = keys.filter { RunReport.isLoss($0) }
    var charts: [any Chart] = losses.isEmpty ? [] : [lossChart(losses)]
    let others = keys.filter { !losses.contains($0) && !RunReport.undrawn.contains($0) }
    let curves = others.map { ($0, metrics.series($0)) }.filter { $0.1.points.count > 1 }
    charts += curves.map { chart($0, $1, width: curves.count % 2 == 0 || curves.count == 1 ? 560 : 370) }
    if let ranks = HeatMap(ranksOver: metrics, width: RunReport.wide) { charts.append(ranks) }
    return charts
  }

  /// Totals that only grow, and say nothing as a curve.
  private static let undrawn: Set<String> = [
    "epoch", "tokens", "total_tokens", "seconds", "elapsed_seconds", "time",
  ]

  /// The width of charts that take a whole row; the others stand in twos or threes.
  private static let wide = 940.0

  private static func isLoss(_ key: String) -> Bool { key == "loss" || key.hasSuffix("_loss") }

  /// Training and evaluation losses share a chart, so that their distance shows.
  private func lossChart(_ keys: [String]) -> LineChart {
    let series = keys.map { key in
      metrics.series(key, name: key == "loss" ? "training" : RunReport.words(key))
    }
    let smooth = series.map { series in
      Series(series.name, series.points, smoothing: RunReport.smoothing(count: series.points.count))
    }
    return LineChart(
      title: "Loss", note: note(for: series.first), series: smooth, size: Size(RunReport.wide, 320))
  }

  private func note(for series: Series?) -> String {
    let finite = series?.points.filter { $0.y.isFinite } ?? []
    guard let last = finite.last, let low = finite.min(by: { $0.y < $1.y }) else { return "" }
    return """
      last \(Numbers.significant(last.y)), lowest \(Numbers.significant(low.y)) at step \
      \(Numbers.count(Int(exactly: low.x) ?? 0))
      """
  }

  private func chart(_ key: String, _ series: Series, width: Double) -> LineChart {
    let noisy = key == "grad_norm" || key == "tokens_per_second" || key == "step_seconds"
    let smooth = Series(
      "", series.points, smoothing: noisy ? RunReport.smoothing(count: series.points.count) : 0)
    let axis =
      switch key {
      case "learning_rate": Axis(format: .learningRate, includesZero: true)
      case "tokens_per_second": Axis(format: .count, includesZero: true)
      case let key where key.hasSuffix("_bytes"): Axis(format: .bytes, includesZero: true)
      case let key where key.hasSuffix("_seconds"): Axis(format: .duration, includesZero: true)
      default: Axis()
      }
    return LineChart(title: RunReport.heading(key), series: [smooth], yAxis: axis, size: Size(width, 250))
  }

  /// Longer runs look further around, so that the line stays as calm as in short ones.
  private static func smoothing(count: Int) -> Double {
    count < 50 ? 0 : min(0.98, 1 - 24 / Double(count))
  }

  /// `grad_norm` as `Gradient norm`.
  static func heading(_ key: String) -> String {
    switch key {
    case "learning_rate": "Learning rate"
    case "grad_norm": "Gradient norm"
    case "tokens_per_second": "Tokens per second"
    case "regularization": "Regularization"
    default: words(key).prefix(1).uppercased() + words(key).dropFirst()
    }
  }

  static func words(_ key: String) -> String {
    key == "eval_loss" ? "evaluation" : key.split(separator: "_").joined(separator: " ")
  }
}
