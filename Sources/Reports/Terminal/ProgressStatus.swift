/// How far some work is, and what to say about it.
public struct ProgressStatus: Sendable, Hashable {
  public enum Unit: Sendable, Hashable {
    case count
    case bytes
  }

  public var done: Int
  /// Nil where nobody knows how much there is to do.
  public var total: Int?
  public var unit: Unit
  /// What else to show, the most important first: the last are left out where the line is too short.
  public var fields: [String]

  public init(done: Int, total: Int? = nil, unit: Unit = .count, fields: [String] = []) {
    self.done = done
    self.total = total
    self.unit = unit
    self.fields = fields
  }

  /// The status of a training run.
  public static func training(
    step: Int, of total: Int?, loss: Double?, learningRate: Double? = nil, tokensPerSecond: Double? = nil
  ) -> ProgressStatus {
    let fields = [
      loss.map { "loss \(Numbers.fixed($0, 4))" },
      tokensPerSecond.map { Numbers.rate($0, "tok/s") },
      learningRate.map { "lr \(Numbers.learningRate($0))" },
    ]
    return ProgressStatus(done: step, total: total, fields: fields.compactMap { $0 })
  }

  /// The share that is done.
  var share: Double? {
    guard let total, total > 0 else { return nil }
    return min(max(Double(done) / Double(total), 0), 1)
  }

  /// `120/500`, or `1.2 GB of 3.4 GB`. The number done is padded, so that what follows stays in place.
  var position: String {
    switch unit {
    case .count:
      guard let total else { return "\(done)" }
      let width = String(total).count - String(done).count
      return String(repeating: " ", count: max(0, width)) + "\(done)/\(total)"
    case .bytes:
      guard let total else { return Numbers.bytes(done) }
      return "\(Numbers.bytes(done)) of \(Numbers.bytes(total))"
    }
  }
}
