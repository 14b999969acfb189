/// What a chart draws on: the same few strokes become SVG or pixels.

/// How a piece of text looks and where it hangs on its point, which lies on the baseline.
public struct TextStyle: Sendable, Hashable {
  public enum Anchor: Sendable, Hashable { case start, middle, end }

  public var size: Double
  public var bold: Bool
  public var anchor: Anchor
  public var paint: Paint

  public init(size: Double = 12, bold: Bool = false, anchor: Anchor = .start, paint: Paint = .ink) {
    self.size = size
    self.bold = bold
    self.anchor = anchor
    self.paint = paint
  }
}

public protocol Canvas {
  /// Fills a simple polygon.
  mutating func fill(_ polygon: [Point], with paint: Paint)

  /// Fills a rectangle.
  mutating func fill(_ rectangle: Rectangle, cornerRadius: Double, with paint: Paint)

  /// Fills a circle.
  mutating func circle(at center: Point, radius: Double, with paint: Paint)

  /// Draws a line through the points with round caps and joins; `dash` gives the lengths of ink and gap in turn.
  mutating func stroke(_ points: [Point], width: Double, dash: [Double], with paint: Paint)

  /// Writes one line of text.
  mutating func text(_ text: String, at point: Point, style: TextStyle)
}

extension Canvas {
  mutating func fill(_ rectangle: Rectangle, with paint: Paint) {
    fill(rectangle, cornerRadius: 0, with: paint)
  }

  mutating func stroke(_ points: [Point], width: Double, with paint: Paint) {
    stroke(points, width: width, dash: [], with: paint)
  }

  mutating func line(_ start: Point, _ end: Point, width: Double = 1, with paint: Paint) {
    stroke([start, end], width: width, dash: [], with: paint)
  }
}
