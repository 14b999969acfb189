/// Cuts a line into dashes.

struct Dashes {
  /// Lengths of ink and gap in turn.
  let lengths: [Double]

  func cut(_ points: [Point]) -> [[Point]] {
    let total = zip(points, points.dropFirst()).reduce(0) { $0 + distance($1.0, $1.1) }
    // A line of more dashes than can be told apart is drawn whole.
    guard lengths.allSatisfy({ $0.isFinite && $0 >= 0 }), lengths.reduce(0, +) * 10_000 > total else {
      return [points]
    }
    var pieces: [[Point]] = []
    var piece: [Point] = points.prefix(1).map { $0 }
    var index = 0
    var left = lengths[0]
    for (start, end) in zip(points, points.dropFirst()) {
      let (dx, dy) = (end.x - start.x, end.y - start.y)
      let length = distance(start, end)
      var done = 0.0
      while length - done > left {
        done += left
        let point = Point(start.x + dx * done / length, start.y + dy * done / length)
        if index % 2 == 0 { pieces.append(piece + [point]) }
        piece = [point]
        index += 1
        left = lengths[index % lengths.count]
      }
      left -= length - done
      piece.append(end)
    }
    if index % 2 == 0, piece.count > 1 { pieces.append(piece) }
    return pieces
  }

  private func distance(_ start: Point, _ end: Point) -> Double {
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    return (dx * dx + dy * dy).squareRoot()
  }
}
