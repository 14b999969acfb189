/// Curves over progress: loss, learning rate, throughput.
public struct LineChart: Chart {
  /// A place along the x axis worth pointing out.
  public struct Marker: Sendable, Hashable {
    public var x: Double
    public var label: String

    public init(x: Double, label: String) {
      self.x = x
      self.label = label
    }
  }

  public var title: String
  /// A line under the title.
  public var note: String
  public var series: [Series]
  public var xAxis: Axis
  public var yAxis: Axis
  public var markers: [Marker]
  public var size: Size

  public init(
    title: String, note: String = "", series: [Series], xAxis: Axis = Axis("step", format: .count),
    yAxis: Axis = Axis(), markers: [Marker] = [], size: Size = Size(720, 300)
  ) {
    self.title = title
    self.note = note
    self.series = series
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.markers = markers
    self.size = size
  }

  public var summary: String {
    let over = xAxis.label.isEmpty ? "" : " over \(xAxis.label)"
    return "Line chart\(over). " + series.map(describe).joined(separator: ". ") + "."
  }

  private func describe(_ series: Series) -> String {
    let name = series.name.isEmpty ? title : series.name
    let finite = series.points.filter { $0.y.isFinite }
    guard let first = finite.first, let last = finite.last,
      let low = finite.min(by: { $0.y < $1.y }), let high = finite.max(by: { $0.y < $1.y })
    else { return "\(name): no values" }
    let others = series.points.count - finite.count
    return """
      \(name): \(finite.count) values from \(yAxis.format(first.y)) to \(yAxis.format(last.y)), \
      lowest \(yAxis.format(low.y)) at \(xAxis.format(low.x)), highest \(yAxis.format(high.y)) at \
      \(xAxis.format(high.x))\(others > 0 ? ", \(others) not finite" : "")
      """
  }

  public func draw(on canvas: inout some Canvas) {
    let heading = Heading(title: title, note: note, legend: series.map(\.name))
    let top = heading.draw(on: &canvas, width: size.width)
    let shown = series.flatMap(\.points).filter(isShown)
    let frame = Frame(xAxis: xAxis, yAxis: yAxis, showing: shown, size: size, top: top)
    frame.draw(on: &canvas)
    if shown.isEmpty {
      let middle = Point(frame.plot.left + frame.plot.width / 2, frame.plot.top + frame.plot.height / 2 - 10)
      canvas.text("no values", at: middle, style: TextStyle(size: 13, anchor: .middle, paint: .muted))
    }
    for marker in markers { draw(marker, in: frame, on: &canvas) }
    for (index, series) in series.enumerated() where series.smoothing > 0 {
      draw(series.points, in: frame, width: 1.2, paint: .series(index, opacity: 0.3), on: &canvas)
    }
    for (index, series) in series.enumerated() {
      let bold = series.smoothed
      draw(bold, in: frame, width: 2.1, paint: .series(index), on: &canvas)
      guard let last = bold.last(where: isShown).flatMap(frame.place) else { continue }
      canvas.circle(at: last, radius: 5, with: .paper)
      canvas.circle(at: last, radius: 3.4, with: .series(index))
    }
  }

  /// Draws the line, interrupted where a value cannot be shown.
  private func draw(
    _ points: [Point], in frame: Frame, width: Double, paint: Paint, on canvas: inout some Canvas
  ) {
    for run in points.split(whereSeparator: { !isShown($0) }) {
      let places = run.compactMap(frame.place)
      if let only = places.first, places.count == 1 {
        canvas.circle(at: only, radius: width, with: paint)
      } else {
        canvas.stroke(Thinning(columnWidth: 1)(places), width: width, with: paint)
      }
    }
  }

  private func draw(_ marker: Marker, in frame: Frame, on canvas: inout some Canvas) {
    guard let x = frame.x(marker.x) else { return }
    canvas.stroke(
      [Point(x, frame.plot.top), Point(x, frame.plot.bottom)], width: 1, dash: [3, 4], with: .muted)
    let isRight = x > frame.plot.left + frame.plot.width / 2
    let style = TextStyle(size: 11, anchor: isRight ? .end : .start, paint: .muted)
    canvas.text(marker.label, at: Point(x + (isRight ? -6 : 6), frame.plot.top + 10), style: style)
  }

  private func isShown(_ point: Point) -> Bool { xAxis.shows(point.x) && yAxis.shows(point.y) }
}
