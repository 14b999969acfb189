/// The exact area that a polygon covers of each pixel.
///
/// Each edge leaves in the pixels it passes the signed area to its right, and what it adds to every pixel after
/// them; a running sum along the rows turns these into coverage.

extension Coverage {
  /// Adds the inside of a simple polygon.
  mutating func addPolygon(_ points: [Point]) {
    // One column more than the picture's, for what lies right of it.
    let stride = width + 1
    var deltas = [Float](repeating: 0, count: stride * height)
    for (index, start) in points.enumerated() {
      let end = points[index + 1 == points.count ? 0 : index + 1]
      addEdge(start, end, to: &deltas, stride: stride)
    }
    for row in 0..<height {
      var sum: Float = 0
      for column in 0..<width {
        sum += deltas[row * stride + column]
        values[row * width + column] += sum
      }
    }
  }

  private func addEdge(_ start: Point, _ end: Point, to deltas: inout [Float], stride: Int) {
    guard start.y != end.y else { return }
    let direction: Double = start.y < end.y ? 1 : -1
    let (upper, lower) = start.y < end.y ? (start, end) : (end, start)
    let (upperY, lowerY) = (upper.y - Double(top), lower.y - Double(top))
    let slope = (lower.x - upper.x) / (lowerY - upperY)
    let firstRow = Int(min(max(upperY.rounded(.down), 0), Double(height)))
    let lastRow = Int(min(max(lowerY.rounded(.up), 0), Double(height)))
    for row in firstRow..<max(firstRow, lastRow) {
      let from = max(upperY, Double(row))
      let to = min(lowerY, Double(row + 1))
      guard to > from else { continue }
      let offset = upper.x - Double(left)
      let x0 = clamp(offset + (from - upperY) * slope)
      let x1 = clamp(offset + (to - upperY) * slope)
      addPiece(min(x0, x1), max(x0, x1), height: direction * (to - from), at: row * stride, to: &deltas)
    }
  }

  /// Adds one edge's piece within one row, which runs from `x0` to `x1`.
  private func addPiece(_ x0: Double, _ x1: Double, height: Double, at base: Int, to deltas: inout [Float]) {
    let first = min(Int(x0), width)
    let last = min(Int(x1), width)
    if first == last {
      let right = Float(height * (1 - ((x0 + x1) / 2 - Double(first))))
      deltas[base + first] += right
      if first + 1 <= width { deltas[base + first + 1] += Float(height) - right }
      return
    }
    // The share of the piece's height left of each pixel boundary, integrated over the pixel.
    let perPixel = height / (x1 - x0)
    var covered = 0.0
    for column in first...last {
      let (from, to) = (max(x0, Double(column)), min(x1, Double(column + 1)))
      guard to >= from else { continue }
      let piece = perPixel * (to - from)
      let right = piece * (1 - ((from + to) / 2 - Double(column)))
      deltas[base + column] += Float(right)
      if column + 1 <= width { deltas[base + column + 1] += Float(piece - right) }
      covered += piece
    }
    let rest = Float(height - covered)
    deltas[base + last] += rest
  }

  private func clamp(_ x: Double) -> Double { min(max(x, 0), Double(width)) }
}
