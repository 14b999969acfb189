import Training

/// What a training run says on stderr while it goes on.
final class TrainingDisplay {
  private let output: OutputOptions
  private var lastShown = ContinuousClock.now

  init(_ output: OutputOptions) { self.output = output }

  func show(_ event: TrainingEvent) {
    switch event {
    case .started(let step, let total):
      if step > 0 { output.note("resumed after step \(step) of \(total)") }
    case .stepped(let record, let total):
      let now = ContinuousClock.now
      guard record.step == 1 || record.step == total || now - lastShown > .seconds(5) else { return }
      lastShown = now
      output.note(
        "step \(record.step)/\(total)  loss \(Numerals.short(record.loss))  lr \(Numerals.short(record.learningRate))  "
          + "\(Int(record.tokensPerSecond)) tok/s")
    case .evaluated(let step, let result):
      let values = result.values.map { "\($0.name) \(Numerals.short($0.value))" }.joined(separator: "  ")
      output.note("step \(step) evaluation  \(values)")
    case .saved: break
    case .warned(let line): output.warn([line])
    }
  }
}

/// Numbers as people read them.
enum Numerals {
  /// Four significant digits.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    let magnitude = abs(value)
    if magnitude >= 1e-3, magnitude < 1e6 {
      let digits = magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : magnitude >= 1 ? 3 : 4
      var scale = 1.0
      for _ in 0..<digits { scale *= 10 }
      let rounded = (value * scale).rounded() / scale
      return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
    var (mantissa, exponent) = (magnitude, 0)
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(value < 0 ? "-" : "")\((mantissa * 100).rounded() / 100)e\(exponent)"
  }

  /// `1,234,567`.
  static func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }
}
