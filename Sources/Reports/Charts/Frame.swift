/// Two axes with their labels and grid lines, and the plot area between them.

struct Frame {
  let plot: Rectangle
  let x: Scale
  let y: Scale
  private let xAxis: Axis
  private let yAxis: Axis

  static let labelStyle = TextStyle(size: 11.5, paint: .muted)

  /// Lays the axes out inside `size`, below `top`.
  init(xAxis: Axis, yAxis: Axis, showing points: [Point], size: Size, top: Double) {
    self.xAxis = xAxis
    self.yAxis = yAxis
    let top = top + (yAxis.label.isEmpty ? 4 : 22)
    let bottom = max(top + 10, size.height - (xAxis.label.isEmpty ? 32 : 46))
    y = Scale(
      points.lazy.map(\.y), axis: yAxis, from: bottom, to: top, rounded: true,
      ticks: max(2, Int((bottom - top) / 42)))
    let widest = y.ticks.map { TextMetrics.width(of: $0.label, Frame.labelStyle) }.max() ?? 0
    let left = Heading.margin + widest + 10
    let right = max(left + 10, size.width - Heading.margin - 8)
    x = Scale(
      points.lazy.map(\.x), axis: xAxis, from: left, to: right, rounded: false,
      ticks: max(2, Int((right - left) / 75)))
    plot = Rectangle(left: left, top: top, width: right - left, height: bottom - top)
  }

  func place(_ point: Point) -> Point? {
    guard let x = x(point.x), let y = y(point.y) else { return nil }
    return Point(x, y)
  }

  func draw(on canvas: inout some Canvas, verticalGrid: Bool = false) {
    var style = Frame.labelStyle
    style.anchor = .end
    for tick in y.ticks {
      guard let place = y(tick.value) else { continue }
      canvas.line(Point(plot.left, place), Point(plot.right, place), with: .grid)
      canvas.text(tick.label, at: Point(plot.left - 10, place + 4), style: style)
    }
    if verticalGrid {
      for place in x.ticks.compactMap({ x($0.value) }) {
        canvas.line(Point(place, plot.top), Point(place, plot.bottom), with: .grid)
      }
    }
    canvas.text(yAxis.label, at: Point(Heading.margin, plot.top - 13), style: Frame.labelStyle)
    Frame.drawBottom(x, label: xAxis.label, plot: plot, on: &canvas)
  }

  /// Draws a horizontal axis below a plot area.
  static func drawBottom(_ scale: Scale, label: String, plot: Rectangle, on canvas: inout some Canvas) {
    canvas.line(Point(plot.left, plot.bottom), Point(plot.right, plot.bottom), with: .axis)
    var style = Frame.labelStyle
    style.anchor = .middle
    for tick in scale.ticks {
      guard let place = scale(tick.value) else { continue }
      canvas.line(Point(place, plot.bottom), Point(place, plot.bottom + 4), with: .axis)
      let half = TextMetrics.width(of: tick.label, style) / 2
      let inside = min(max(place, Heading.margin + half), max(plot.right + 20 - half, plot.left))
      canvas.text(tick.label, at: Point(inside, plot.bottom + 19), style: style)
    }
    style.anchor = .end
    canvas.text(label, at: Point(plot.right, plot.bottom + 36), style: style)
  }
}
