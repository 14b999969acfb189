/// A table of values as shades: ranks over layers and time, or norms over layers and projections.
public struct HeatMap: Chart {
  public enum Columns: Sendable, Hashable {
    /// Columns that follow each other along an axis; each lasts until the next.
    case positions([Double], Axis)
    case names([String])

    var count: Int {
      switch self {
      case .positions(let positions, _): positions.count
      case .names(let names): names.count
      }
    }
  }

  public var title: String
  public var note: String
  public var rows: [String]
  public var columns: Columns
  /// A value for each row and column; nil leaves the cell empty.
  public var values: [[Double?]]
  public var format: Axis.Format
  public var width: Double

  public init(
    title: String, note: String = "", rows: [String], columns: Columns, values: [[Double?]],
    format: Axis.Format = .plain, width: Double = 720
  ) {
    self.title = title
    self.note = note
    self.rows = rows
    self.columns = columns
    self.values = values
    self.format = format
    self.width = width
  }

  private static let rowStyle = TextStyle(size: 11, anchor: .end, paint: .muted)

  private var heading: Heading { Heading(title: title, note: note, legend: []) }

  /// Rows shrink as they get many; all of them stay visible.
  var rowHeight: Double {
    let roomy = if case .names = columns { 22.0 } else { 18.0 }
    return min(roomy, max(3, 640 / Double(max(rows.count, 1))))
  }

  public var size: Size {
    let rows = Double(max(rows.count, 1)) * rowHeight
    let below = if case .names = columns { 34.0 } else { 56.0 }
    return Size(width, heading.height(width: width) + 4 + rows + below)
  }

  /// The least and greatest value.
  var range: ClosedRange<Double>? {
    let finite = values.joined().compactMap { $0 }.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    return low...high
  }

  public var summary: String {
    let shape = "Heat map of \(rows.count) rows and \(columns.count) columns."
    guard let range else { return shape + " No values." }
    return shape + " Values from \(format(range.lowerBound)) to \(format(range.upperBound))."
  }

  func value(_ row: Int, _ column: Int) -> Double? {
    guard values.indices.contains(row), values[row].indices.contains(column),
      let value = values[row][column], value.isFinite
    else { return nil }
    return value
  }

  public func draw(on canvas: inout some Canvas) {
    let top = heading.draw(on: &canvas, width: width) + 4
    let shades = Shades(range: range)
    shades.drawKey(on: &canvas, right: width - Heading.margin, format: format)
    let names = ShortNames(rows).names.map { TextMetrics.keepingEnd(of: $0, HeatMap.rowStyle, width: 230) }
    let widest = names.map { TextMetrics.width(of: $0, HeatMap.rowStyle) }.max() ?? 0
    let left = (Heading.margin + widest + 10).rounded()
    // As many labels as fit without touching.
    for index in stride(from: 0, to: names.count, by: max(1, Int((12 / rowHeight).rounded(.up)))) {
      let middle = top + (Double(index) + 0.5) * rowHeight
      canvas.text(names[index], at: Point(left - 10, middle + 4), style: HeatMap.rowStyle)
    }
    let plot = Rectangle(
      left: left, top: top, width: width - Heading.margin - left, height: Double(rows.count) * rowHeight)
    switch columns {
    case .positions(let positions, let axis): draw(positions, axis, in: plot, shades, on: &canvas)
    case .names(let names): draw(names, in: plot, shades, on: &canvas)
    }
  }
}

/// The shade of each value of a heat map, and the key that explains it.
struct Shades {
  let range: ClosedRange<Double>?

  /// The least value is still told from an empty cell.
  func callAsFunction(_ value: Double) -> Paint {
    guard let range, range.upperBound > range.lowerBound else { return .series(0, opacity: 0.55) }
    // Halved, because the difference of two values may be too large for a number.
    let share = (value / 2 - range.lowerBound / 2) / (range.upperBound / 2 - range.lowerBound / 2)
    return .series(0, opacity: 0.07 + 0.93 * share)
  }

  func drawKey(on canvas: inout some Canvas, right: Double, format: Axis.Format) {
    guard let range else { return }
    let style = TextStyle(size: 11, anchor: .end, paint: .muted)
    let high = format(range.upperBound)
    canvas.text(high, at: Point(right, 26), style: style)
    guard range.upperBound > range.lowerBound else { return }
    let end = (right - TextMetrics.width(of: high, style) - 6).rounded()
    for step in 0..<24 {
      let share = Double(step) / 23
      let place = Rectangle(left: end - 96 + Double(step) * 4, top: 17, width: 4, height: 10)
      canvas.fill(place, with: self(range.lowerBound * (1 - share) + range.upperBound * share))
    }
    canvas.text(format(range.lowerBound), at: Point(end - 102, 26), style: style)
  }
}
