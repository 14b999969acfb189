/// The cells of a heat map, along an axis or under names.

extension HeatMap {
  /// Neighbours of one value become one rectangle, and where there are more columns than pixels the last of each
  /// pixel stands for all.
  func draw(
    _ positions: [Double], _ axis: Axis, in plot: Rectangle, _ shades: Shades, on canvas: inout some Canvas
  ) {
    var rising: [Int] = []
    for index in positions.indices where positions[index].isFinite {
      if let last = rising.last, positions[index] <= positions[last] { continue }
      rising.append(index)
    }
    // Cells meet at whole pixels, so that no seam shows between them.
    guard let first = rising.first, let last = rising.last else { return }
    let span = positions[last] - positions[first]
    let end = positions[last] + (rising.count > 1 ? span / Double(rising.count - 1) : 1)
    let scale = Scale(
      [positions[first], end], axis: Axis(axis.label, format: axis.format), from: plot.left, to: plot.right,
      rounded: false, ticks: 7)
    let columns = thinned(rising.map { (index: $0, x: (scale(positions[$0]) ?? plot.left).rounded()) })
    for row in rows.indices {
      let top = plot.top + Double(row) * rowHeight
      var start = 0
      while start < columns.count {
        let value = value(row, columns[start].index)
        let rest = columns[start...]
        let stop = rest.firstIndex { self.value(row, $0.index) != value } ?? columns.count
        let right = stop < columns.count ? columns[stop].x : plot.right
        if let value {
          let left = columns[start].x
          canvas.fill(
            Rectangle(left: left, top: top, width: right - left, height: cellHeight), with: shades(value))
        }
        start = stop
      }
    }
    let below = Rectangle(left: plot.left, top: plot.top, width: plot.width, height: plot.height + 4)
    Frame.drawBottom(scale, label: axis.label, plot: below, on: &canvas)
  }

  /// Thin rows have no gaps between them.
  private var cellHeight: Double { rowHeight - (rowHeight > 6 ? 1.5 : 0) }

  private func thinned(_ columns: [(index: Int, x: Double)]) -> [(index: Int, x: Double)] {
    var kept: [(index: Int, x: Double)] = []
    for column in columns {
      if let last = kept.last, column.x - last.x < 1 {
        kept[kept.count - 1].index = column.index
      } else {
        kept.append(column)
      }
    }
    return kept
  }

  /// Each cell carries its number where there is room.
  func draw(_ names: [String], in plot: Rectangle, _ shades: Shades, on canvas: inout some Canvas) {
    let width = min(plot.width / Double(max(names.count, 1)), 140)
    for row in rows.indices {
      for column in names.indices {
        guard let value = value(row, column) else { continue }
        let cell = Rectangle(
          left: plot.left + Double(column) * width, top: plot.top + Double(row) * rowHeight,
          width: max(width - 1.5, 1), height: cellHeight)
        let shade = shades(value)
        canvas.fill(cell, cornerRadius: rowHeight > 12 ? 3 : 0, with: shade)
        let text = format == .plain ? Numbers.significant(value, 3) : format(value)
        let style = TextStyle(size: 10.5, anchor: .middle, paint: shade.opacity > 0.6 ? .paper : .ink)
        guard rowHeight >= 14, TextMetrics.width(of: text, style) < cell.width - 4 else { continue }
        canvas.text(
          text, at: Point(cell.left + cell.width / 2, cell.top + cell.height / 2 + 3.8), style: style)
      }
    }
    let style = TextStyle(size: 11, anchor: .middle, paint: .muted)
    for (column, name) in ShortNames(names).names.enumerated() {
      let label = TextMetrics.keepingStart(of: name, style, width: width - 4)
      let middle = plot.left + (Double(column) + 0.5) * width - 1
      canvas.text(label, at: Point(middle, plot.bottom + 16), style: style)
    }
  }
}
