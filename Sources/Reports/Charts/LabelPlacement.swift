/// Puts labels beside their points where they cover nothing yet.

struct LabelPlacement {
  let area: Rectangle
  var taken: [Rectangle]

  mutating func draw(_ text: String, beside point: Point, on canvas: inout some Canvas) {
    let style = TextStyle(size: 11, paint: .muted)
    let width = TextMetrics.width(of: text, style)
    let candidates = [
      Rectangle(left: point.x + 9, top: point.y - 7, width: width, height: 14),
      Rectangle(left: point.x - 9 - width, top: point.y - 7, width: width, height: 14),
      Rectangle(left: point.x - width / 2, top: point.y - 22, width: width, height: 14),
      Rectangle(left: point.x - width / 2, top: point.y + 8, width: width, height: 14),
    ]
    // Where nothing is free, right of the point is where a reader looks first.
    let box =
      candidates.first { box in
        box.left >= area.left && box.right <= area.right + 8 && !taken.contains { $0.overlaps(box) }
      } ?? candidates[0]
    taken.append(box)
    canvas.text(text, at: Point(box.left, box.top + 11), style: style)
  }
}
