/// Draws as pixels, smoothed at the edges, with a stroke font of its own.

public struct RasterCanvas: Canvas {
  public private(set) var bitmap: Bitmap
  private let theme: Theme
  private let scale: Double

  /// - Parameters:
  ///   - size: The drawing's size in its own units.
  ///   - scale: Pixels per unit; 2 suits dense screens and print.
  public init(size: Size, scale: Double = 2, theme: Theme = .light) {
    let scale = scale.isFinite && scale > 0 ? min(scale, 16) : 1
    self.scale = scale
    self.theme = theme
    func pixels(_ length: Double) -> Int {
      let scaled = (length * scale).rounded(.up)
      return Int(min(max(scaled.isFinite ? scaled : 1, 1), Double(Bitmap.maximumSide)))
    }
    bitmap = Bitmap(width: pixels(size.width), height: pixels(size.height), background: theme[.paper])
  }

  public mutating func fill(_ polygon: [Point], with paint: Paint) {
    let points = polygon.map(scaled)
    guard points.count > 2, var coverage = Coverage(around: points, margin: 1, in: bitmap) else { return }
    coverage.addPolygon(points)
    bitmap.blend(theme[paint.role], opacity: paint.opacity, coverage: coverage)
  }

  public mutating func fill(_ rectangle: Rectangle, cornerRadius: Double, with paint: Paint) {
    fill(rectangle.outline(cornerRadius: cornerRadius), with: paint)
  }

  public mutating func circle(at center: Point, radius: Double, with paint: Paint) {
    draw([[center, center]], width: radius * 2, with: paint)
  }

  public mutating func stroke(_ points: [Point], width: Double, dash: [Double], with paint: Paint) {
    draw(dash.isEmpty ? [points] : Dashes(lengths: dash).cut(points), width: width, with: paint)
  }

  public mutating func text(_ text: String, at point: Point, style: TextStyle) {
    let font = StrokeFont(size: style.size, bold: style.bold)
    let width = font.width(of: text)
    let shift =
      switch style.anchor {
      case .start: 0.0
      case .middle: width / 2
      case .end: width
      }
    draw(
      font.lines(of: text, at: Point(point.x - shift, point.y)), width: font.strokeWidth, with: style.paint)
  }

  /// Draws the lines as one shape, so that they do not darken where they cross.
  private mutating func draw(_ lines: [[Point]], width: Double, with paint: Paint) {
    let lines = lines.map { $0.map(scaled) }
    let width = min(width * scale, RasterCanvas.farthest)
    guard width > 0 else { return }
    // A line thinner than a pixel is drawn a pixel wide and fainter.
    let halfWidth = max(width, 1) / 2
    guard var coverage = Coverage(around: Array(lines.joined()), margin: halfWidth + 1, in: bitmap) else {
      return
    }
    for line in lines {
      for (start, end) in zip(line, line.dropFirst()) {
        coverage.addSegment(start, end, halfWidth: halfWidth)
      }
    }
    bitmap.blend(theme[paint.role], opacity: paint.opacity * min(width, 1), coverage: coverage)
  }

  /// Far outside any picture, and near enough for exact arithmetic.
  private static let farthest = 1e6

  private func scaled(_ point: Point) -> Point {
    func place(_ value: Double) -> Double {
      let limit = RasterCanvas.farthest
      return value.isFinite ? min(max(value * scale, -limit), limit) : .nan
    }
    return Point(place(point.x), place(point.y))
  }
}
