/// How much of each pixel a shape covers, inside the part of a picture that the shape can touch.
import Foundation

struct Coverage {
  let left: Int
  let top: Int
  let width: Int
  let height: Int
  var values: [Float]

  /// Nothing yet, over the pixels that lie within `margin` of the points; nil where that misses the picture.
  init?(around points: [Point], margin: Double, in bitmap: Bitmap) {
    guard let first = points.first, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
    var (minX, maxX, minY, maxY) = (first.x, first.x, first.y, first.y)
    for point in points {
      (minX, maxX) = (min(minX, point.x), max(maxX, point.x))
      (minY, maxY) = (min(minY, point.y), max(maxY, point.y))
    }
    func clamped(_ value: Double, _ limit: Int) -> Int { Int(min(max(value, 0), Double(limit))) }
    left = clamped((minX - margin).rounded(.down), bitmap.width)
    top = clamped((minY - margin).rounded(.down), bitmap.height)
    width = clamped((maxX + margin).rounded(.up), bitmap.width) - left
    height = clamped((maxY + margin).rounded(.up), bitmap.height) - top
    guard width > 0, height > 0 else { return nil }
    values = [Float](repeating: 0, count: width * height)
  }

  /// Adds a segment with round ends. Where it overlaps what is there the larger coverage stays, so that the
  /// joints of a line are as crisp as its middle.
  mutating func addSegment(_ start: Point, _ end: Point, halfWidth: Double) {
    let reach = halfWidth + 0.5
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let squared = dx * dx + dy * dy
    let rows = range(min(start.y, end.y) - reach, max(start.y, end.y) + reach, top, height)
    for row in rows {
      let y = Double(top + row) + 0.5
      // A long slanted segment crosses a row in a few pixels only.
      let (from, to) = span(of: start, end, atRow: y, reach: reach)
      for column in range(from, to, left, width) {
        let (px, py) = (Double(left + column) + 0.5 - start.x, y - start.y)
        let t = squared > 0 ? min(max((px * dx + py * dy) / squared, 0), 1) : 0
        let (ex, ey) = (px - t * dx, py - t * dy)
        let share = Float(min(max(reach - (ex * ex + ey * ey).squareRoot(), 0), 1))
        let index = row * width + column
        if share > values[index] { values[index] = share }
      }
    }
  }

  /// The x range in which a segment can come within `reach` of a pixel row.
  private func span(of start: Point, _ end: Point, atRow y: Double, reach: Double) -> (Double, Double) {
    let whole = (min(start.x, end.x) - reach, max(start.x, end.x) + reach)
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    guard dy.magnitude > 1e-9 else { return whole }
    let at = start.x + (y - start.y) / dy * dx
    let slack = reach * (dx * dx + dy * dy).squareRoot() / dy.magnitude + 1
    return (max(whole.0, at - slack), min(whole.1, at + slack))
  }

  private func range(_ from: Double, _ to: Double, _ origin: Int, _ count: Int) -> Range<Int> {
    let lower = min(max((from - Double(origin)).rounded(.down), 0), Double(count))
    let upper = min(max((to - Double(origin)).rounded(.up), lower), Double(count))
    return Int(lower)..<Int(upper)
  }
}
