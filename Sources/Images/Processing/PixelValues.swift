/// A picture as a model takes it: float32 [channels, height, width].
public struct PixelValues: Sendable, Hashable {
  public let channels, height, width: Int
  public let values: [Float]

  /// - Throws: ``ImageError`` when there are not as many values as the shape says.
  public init(channels: Int, height: Int, width: Int, values: [Float]) throws(ImageError) {
    guard channels > 0, height > 0, width > 0, values.count == channels * height * width else {
      throw ImageError("\(values.count) values for [\(channels), \(height), \(width)]: give one for each")
    }
    (self.channels, self.height, self.width, self.values) = (channels, height, width, values)
  }

  public var shape: [Int] { [channels, height, width] }
}
