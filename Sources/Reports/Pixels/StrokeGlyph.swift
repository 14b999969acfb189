/// One character as strokes, read from a line of drawing commands.
import Foundation

struct StrokeGlyph {
  let width: Double
  let lines: [[Point]]

  /// Reads a design, in units with y upwards from the baseline:
  /// `M x y` starts a line, `L x y` goes on straight, `B x1 y1 x2 y2 x y` as a Bézier curve,
  /// `C x y rx ry from to` is a piece of an ellipse, `D x y` a dot.
  init(width: Double, design: String) {
    self.width = width
    var lines: [[Point]] = []
    var words = design.split(separator: " ")[...]
    func next() -> Double { words.popFirst().flatMap { Double($0) } ?? 0 }
    func nextPoint() -> Point {
      let x = next()
      return Point(x, next())
    }
    func extend(_ points: [Point]) {
      guard let last = lines.popLast() else { return }
      lines.append(last + points)
    }
    while let command = words.popFirst() {
      switch command {
      case "M": lines.append([nextPoint()])
      case "L": extend([nextPoint()])
      case "B":
        let start = lines.last?.last ?? Point(0, 0)
        let (control1, control2, end) = (nextPoint(), nextPoint(), nextPoint())
        extend(Bezier(start: start, control1: control1, control2: control2, end: end).points(8))
      case "C":
        let (center, radii) = (nextPoint(), nextPoint())
        let (from, to) = (next(), next())
        let arc = Arc(center: center, radii: Size(radii.x, radii.y), from: from, to: to)
        lines.append(arc.points(every: 12))
      case "D":
        let point = nextPoint()
        lines += [
          [Point(point.x - 0.15, point.y), Point(point.x + 0.15, point.y)],
          [point, Point(point.x, point.y + 0.3)],
        ]
      default: break
      }
    }
    self.lines = lines
  }
}

extension String {
  /// The text with accents and the like as characters of their own.
  var decomposed: String { decomposedStringWithCanonicalMapping }
}
