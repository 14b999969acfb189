/// Where things are on a drawing: points and rectangles, with y growing downwards.

public struct Point: Sendable, Hashable {
  public var x: Double
  public var y: Double

  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

public struct Size: Sendable, Hashable {
  public var width: Double
  public var height: Double

  public init(_ width: Double, _ height: Double) {
    self.width = width
    self.height = height
  }
}

public struct Rectangle: Sendable, Hashable {
  public var left: Double
  public var top: Double
  public var width: Double
  public var height: Double

  public init(left: Double, top: Double, width: Double, height: Double) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }

  public var right: Double { left + width }
  public var bottom: Double { top + height }

  func overlaps(_ other: Rectangle) -> Bool {
    left < other.right && other.left < right && top < other.bottom && other.top < bottom
  }

  /// The outline, clockwise from the top left; round corners are short chains of points.
  func outline(cornerRadius: Double) -> [Point] {
    let radius = max(0, min(cornerRadius, width / 2, height / 2))
    guard radius > 0 else {
      return [Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom)]
    }
    let corners = [
      (Point(right - radius, top + radius), -90.0), (Point(right - radius, bottom - radius), 0.0),
      (Point(left + radius, bottom - radius), 90.0), (Point(left + radius, top + radius), 180.0),
    ]
    return corners.flatMap { center, start in
      Arc(center: center, radii: Size(radius, radius), from: start, to: start + 90).points(every: 15)
    }
  }
}
