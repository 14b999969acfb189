/// Amounts side by side as horizontal bars, each of one or several stacked parts.
public struct BarChart: Chart {
  public struct Bar: Sendable, Hashable {
    public var label: String
    /// The amounts of the parts, in the order of the chart's `parts`.
    public var values: [Double]

    public init(_ label: String, _ values: [Double]) {
      self.label = label
      self.values = values.map { $0.isFinite ? $0 : 0 }
    }

    public init(_ label: String, _ value: Double) {
      self.init(label, [value])
    }

    var total: Double { values.reduce(0, +) }
    /// How far the bar reaches left and right of zero.
    var reach: [Double] { [values.filter { $0 < 0 }.reduce(0, +), values.filter { $0 > 0 }.reduce(0, +)] }
  }

  public var title: String
  public var note: String
  /// What the parts of a bar are; one part needs no name.
  public var parts: [String]
  public var bars: [Bar]
  public var axis: Axis
  public var width: Double

  public init(
    title: String, note: String = "", parts: [String] = [], bars: [Bar], axis: Axis = Axis(),
    width: Double = 720
  ) {
    self.title = title
    self.note = note
    self.parts = parts
    self.bars = bars
    self.axis = axis
    self.width = width
  }

  private static let rowHeight = 28.0
  private static let style = TextStyle(size: 12.5, anchor: .end)

  private var heading: Heading { Heading(title: title, note: note, legend: parts) }

  public var size: Size {
    let rows = Double(max(bars.count, 1)) * BarChart.rowHeight
    return Size(width, heading.height(width: width) + rows + 22)
  }

  public var summary: String {
    let described = bars.map { bar in
      guard parts.count > 1 else { return "\(bar.label) \(axis.format(bar.total))" }
      let pieces = zip(parts, bar.values).map { "\($0) \(axis.format($1))" }
      return "\(bar.label): \(pieces.joined(separator: ", "))"
    }
    return "Bar chart. " + described.joined(separator: "; ") + "."
  }

  public func draw(on canvas: inout some Canvas) {
    let top = heading.draw(on: &canvas, width: width)
    let labels = bars.map { TextMetrics.keepingStart(of: $0.label, BarChart.style, width: 220) }
    let values = bars.map { axis.format($0.total) }
    func widest(_ texts: [String]) -> Double {
      texts.map { TextMetrics.width(of: $0, BarChart.style) }.max() ?? 0
    }
    let left = Heading.margin + widest(labels) + 12
    let room = widest(values) + 10
    let reaches = bars.flatMap(\.reach)
    // The number of a bar that goes left stands left of it.
    let start = reaches.contains { $0 < 0 } ? left + room : left
    let scale = Scale(
      reaches, axis: Axis(axis.label, format: axis.format, includesZero: true), from: start,
      to: max(start + 40, width - Heading.margin - room), rounded: false, ticks: 5)
    for (index, bar) in bars.enumerated() {
      let middle = top + (Double(index) + 0.5) * BarChart.rowHeight + 4
      canvas.text(labels[index], at: Point(left - 12, middle + 4.5), style: BarChart.style)
      draw(bar, middle: middle, scale: scale, on: &canvas)
      let isLeft = bar.total < 0
      let end = scale(bar.reach[isLeft ? 0 : 1]) ?? start
      let style = TextStyle(size: 12.5, anchor: isLeft ? .end : .start, paint: .muted)
      canvas.text(values[index], at: Point(end + (isLeft ? -8 : 8), middle + 4.5), style: style)
    }
    let zero = scale(0) ?? start
    let bottom = top + Double(bars.count) * BarChart.rowHeight + 6
    canvas.line(Point(zero, top + 2), Point(zero, bottom), with: .axis)
  }

  /// Draws the parts outwards from zero, with a hairline of paper between neighbours.
  private func draw(_ bar: Bar, middle: Double, scale: Scale, on canvas: inout some Canvas) {
    var (left, right) = (0.0, 0.0)
    for (index, value) in bar.values.enumerated() where value != 0 {
      let from = value < 0 ? left : right
      if value < 0 { left += value } else { right += value }
      guard let start = scale(from), let end = scale(from + value) else { continue }
      let width = (end - start).magnitude
      let gap = bar.values.count > 1 ? min(1.5, width / 3) : 0
      let piece = Rectangle(left: min(start, end), top: middle - 9, width: width - gap, height: 18)
      canvas.fill(piece, cornerRadius: min(3, piece.width / 2), with: .series(index))
    }
  }
}
