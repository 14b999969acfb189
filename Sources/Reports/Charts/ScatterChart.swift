/// Points in two dimensions: score against trainable parameters, one point a run.
public struct ScatterChart: Chart {
  public struct Dot: Sendable, Hashable {
    public var x: Double
    public var y: Double
    /// How far y varies, drawn as a bar of that length both up and down.
    public var deviation: Double?
    public var label: String

    public init(x: Double, y: Double, deviation: Double? = nil, label: String = "") {
      self.x = x
      self.y = y
      self.deviation = deviation
      self.label = label
    }
  }

  public struct Group: Sendable, Hashable {
    public var name: String
    public var dots: [Dot]

    public init(_ name: String, _ dots: [Dot]) {
      self.name = name
      self.dots = dots
    }
  }

  public var title: String
  public var note: String
  public var groups: [Group]
  public var xAxis: Axis
  public var yAxis: Axis
  public var size: Size

  public init(
    title: String, note: String = "", groups: [Group], xAxis: Axis, yAxis: Axis, size: Size = Size(720, 380)
  ) {
    self.title = title
    self.note = note
    self.groups = groups
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.size = size
  }

  public var summary: String {
    let described = groups.flatMap { group in
      group.dots.map { dot in
        let name = [group.name, dot.label].filter { !$0.isEmpty }.joined(separator: " ")
        return "\(name): \(xAxis.format(dot.x)), \(yAxis.format(dot.y))"
      }
    }
    return "Scatter chart of \(yAxis.label) against \(xAxis.label). " + described.joined(separator: "; ")
      + "."
  }

  public func draw(on canvas: inout some Canvas) {
    let heading = Heading(title: title, note: note, legend: groups.map(\.name))
    let top = heading.draw(on: &canvas, width: size.width)
    let dots = groups.flatMap(\.dots).filter { xAxis.shows($0.x) && yAxis.shows($0.y) }
    let frame = Frame(xAxis: xAxis, yAxis: yAxis, showing: corners(of: dots), size: size, top: top)
    frame.draw(on: &canvas, verticalGrid: true)
    for (index, group) in groups.enumerated() {
      for dot in group.dots {
        guard let place = frame.place(Point(dot.x, dot.y)) else { continue }
        drawDeviation(of: dot, in: frame, paint: .series(index, opacity: 0.55), on: &canvas)
        canvas.circle(at: place, radius: 6.2, with: .paper)
        canvas.circle(at: place, radius: 4.8, with: .series(index))
      }
    }
    let places = dots.compactMap { frame.place(Point($0.x, $0.y)) }
    var labels = LabelPlacement(
      area: frame.plot,
      taken: places.map { Rectangle(left: $0.x - 6, top: $0.y - 6, width: 12, height: 12) })
    for dot in dots where !dot.label.isEmpty {
      guard let place = frame.place(Point(dot.x, dot.y)) else { continue }
      labels.draw(dot.label, beside: place, on: &canvas)
    }
  }

  /// What the axes must reach: every dot and its deviation, with a little room left and right.
  private func corners(of dots: [Dot]) -> [Point] {
    let points = dots.flatMap { dot in
      [0, -1, 1].map { Point(dot.x, dot.y + $0 * (dot.deviation.map { $0.isFinite ? $0 : 0 } ?? 0)) }
    }
    guard let low = dots.map(\.x).min(), let high = dots.map(\.x).max(), low < high, let first = points.first
    else {
      return points
    }
    let room = xAxis.scaling == .linear ? high / 25 - low / 25 : 0
    let ends = xAxis.scaling == .linear ? [low - room, high + room] : [low / 1.3, high * 1.3]
    return points + ends.map { Point($0, first.y) }
  }

  private func drawDeviation(of dot: Dot, in frame: Frame, paint: Paint, on canvas: inout some Canvas) {
    guard let deviation = dot.deviation, deviation > 0,
      let low = frame.place(Point(dot.x, dot.y - deviation)),
      let high = frame.place(Point(dot.x, dot.y + deviation))
    else { return }
    canvas.line(low, high, width: 1.5, with: paint)
    for end in [low, high] {
      canvas.line(Point(end.x - 4, end.y), Point(end.x + 4, end.y), width: 1.5, with: paint)
    }
  }
}
