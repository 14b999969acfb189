/// Thins a line that has more points than the drawing has columns, keeping the first, last and extreme points of
/// each column, so that peaks stay and files stay small.

struct Thinning {
  let columnWidth: Double

  /// The points worth drawing, of a line in drawing coordinates.
  func callAsFunction(_ points: [Point]) -> [Point] {
    guard columnWidth > 0, let first = points.first, let last = points.last,
      Double(points.count) > 4 * ((last.x - first.x).magnitude / columnWidth + 1)
    else { return points }
    var kept: [Point] = []
    var column = points.startIndex..<points.startIndex
    for index in points.indices {
      if number(of: points[index]) != number(of: points[column.lowerBound]) {
        kept += extremes(points[column])
        column = index..<index
      }
      column = column.lowerBound..<index + 1
    }
    return kept + extremes(points[column])
  }

  private func number(of point: Point) -> Double { (point.x / columnWidth).rounded(.down) }

  /// In the order they came, none twice.
  private func extremes(_ column: ArraySlice<Point>) -> [Point] {
    let low = column.indices.min { column[$0].y < column[$1].y }
    let high = column.indices.max { column[$0].y < column[$1].y }
    let ends = [column.indices.first, column.indices.last]
    return Set((ends + [low, high]).compactMap { $0 }).sorted().map { column[$0] }
  }
}
