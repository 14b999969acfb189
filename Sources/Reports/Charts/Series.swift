/// A named run of values over some progress, such as the loss over steps.
public struct Series: Sendable, Hashable {
  public var name: String
  public var points: [Point]
  /// How far the bold line looks around itself: 0 follows every value, 0.9 averages over about twenty. Where it does
  /// not follow, the values themselves are drawn as a faint line.
  public var smoothing: Double

  public init(_ name: String, _ points: [Point], smoothing: Double = 0) {
    self.name = name
    self.points = points
    self.smoothing = smoothing.isFinite ? min(max(smoothing, 0), 0.9999) : 0
  }
}
