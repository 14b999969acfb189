/// A picture in memory: rows of RGB pixels, eight bits a channel.
public struct Bitmap: Sendable, Hashable {
  public let width: Int
  public let height: Int
  /// Red, green and blue of each pixel, row by row from the top.
  public private(set) var bytes: [UInt8]

  /// The largest picture this program draws, so that a size from outside cannot exhaust memory.
  static let maximumSide = 16_384

  public init(width: Int, height: Int, background: Color) {
    self.width = min(max(width, 1), Bitmap.maximumSide)
    self.height = min(max(height, 1), Bitmap.maximumSide)
    let row = [[UInt8]](repeating: [background.red, background.green, background.blue], count: self.width)
    bytes = Array([[UInt8]](repeating: Array(row.joined()), count: self.height).joined())
  }

  public func color(x: Int, y: Int) -> Color {
    let index = (y * width + x) * 3
    return Color(bytes[index], bytes[index + 1], bytes[index + 2])
  }

  /// Lays `color` over the picture wherever `coverage` says, as much as it says times `opacity`.
  mutating func blend(_ color: Color, opacity: Double, coverage: Coverage) {
    let channels = [Float(color.red), Float(color.green), Float(color.blue)]
    for y in 0..<coverage.height {
      for x in 0..<coverage.width {
        let share = min(coverage.values[y * coverage.width + x].magnitude, 1) * Float(opacity)
        guard share > 0 else { continue }
        let index = ((coverage.top + y) * width + coverage.left + x) * 3
        for channel in 0..<3 {
          let below = Float(bytes[index + channel])
          bytes[index + channel] = UInt8((below + (channels[channel] - below) * share).rounded())
        }
      }
    }
  }
}
