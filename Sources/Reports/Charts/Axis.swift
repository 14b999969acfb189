/// What one direction of a chart means and how its numbers read.
public struct Axis: Sendable, Hashable {
  public enum Scaling: Sendable, Hashable {
    case linear
    /// Equal steps for equal ratios; values that are not positive cannot be shown.
    case logarithmic
  }

  public enum Format: Sendable, Hashable {
    case plain
    case count
    case bytes
    case duration
    case percent
    case learningRate

    public func callAsFunction(_ value: Double) -> String {
      switch self {
      case .plain: Numbers.significant(value)
      case .count: Numbers.count(Axis.whole(value))
      case .bytes: Numbers.bytes(Axis.whole(value))
      case .duration: Numbers.duration(value)
      case .percent: Numbers.percent(value)
      case .learningRate: Numbers.learningRate(value)
      }
    }
  }

  public var label: String
  public var scaling: Scaling
  public var format: Format
  /// Whether the axis reaches zero whatever the values are.
  public var includesZero: Bool

  public init(
    _ label: String = "", scaling: Scaling = .linear, format: Format = .plain, includesZero: Bool = false
  ) {
    self.label = label
    self.scaling = scaling
    self.format = format
    self.includesZero = includesZero
  }

  /// Whether `value` has a place on the axis.
  func shows(_ value: Double) -> Bool {
    value.isFinite && (scaling == .linear || value > 0)
  }

  /// The nearest whole number that fits.
  private static func whole(_ value: Double) -> Int {
    guard value.isFinite else { return 0 }
    return Int(exactly: value.rounded()) ?? (value < 0 ? -.max : .max)
  }
}
