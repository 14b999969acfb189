/// Curves as chains of points, which is all that the canvases draw.
import Foundation

/// A piece of an ellipse; angles in degrees, growing with y.
struct Arc {
  var center: Point
  var radii: Size
  var from: Double
  var to: Double

  func points(every degrees: Double) -> [Point] {
    let count = max(1, Int(((to - from).magnitude / degrees).rounded(.up)))
    return (0...count).map { index in
      let angle = (from + (to - from) * Double(index) / Double(count)) * .pi / 180
      return Point(center.x + radii.width * cos(angle), center.y + radii.height * sin(angle))
    }
  }
}

/// A cubic Bézier curve.
struct Bezier {
  var start: Point
  var control1: Point
  var control2: Point
  var end: Point

  /// The points after the start, in `count` equal steps of the parameter.
  func points(_ count: Int) -> [Point] {
    (1...max(1, count)).map { index in
      let t = Double(index) / Double(max(1, count))
      let s = 1 - t
      let (a, b, c, d) = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
      return Point(
        a * start.x + b * control1.x + c * control2.x + d * end.x,
        a * start.y + b * control1.y + c * control2.y + d * end.y)
    }
  }
}
