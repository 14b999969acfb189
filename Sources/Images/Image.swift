/// A picture in memory: rows of pixels from the top, eight bits a channel.
public struct Image: Sendable, Hashable {
  public let width, height: Int
  /// 1 gray, 2 gray and opacity, 3 red, green and blue, 4 the same and opacity.
  public let channels: Int
  /// The channels of each pixel, row by row.
  public let bytes: [UInt8]

  /// Pixels at most, so that a size in a file cannot exhaust memory; Pillow warns from here on.
  public static let maximumPixels = 89_478_485

  /// - Throws: ``ImageError`` when there are not as many bytes as the size says, or no pixels.
  public init(width: Int, height: Int, channels: Int, bytes: [UInt8]) throws(ImageError) {
    guard width > 0, height > 0, (1...4).contains(channels), width <= Image.maximumPixels / height,
      bytes.count == width * height * channels
    else {
      throw ImageError(
        "\(bytes.count) bytes for \(width)x\(height) pixels of \(channels) channels: give one for each")
    }
    (self.width, self.height, self.channels, self.bytes) = (width, height, channels, bytes)
  }

  /// The same picture with 1 channel (gray) or 3 (red, green and blue); opacity is left out, as Pillow's `convert` does.
  ///
  /// - Throws: ``ImageError`` for any other number.
  public func converted(toChannels count: Int) throws(ImageError) -> Image {
    guard count == 1 || count == 3 else {
      throw ImageError("\(count) channels, which pictures do not have: use a model with 1 or 3")
    }
    guard count != channels else { return self }
    var result = [UInt8](repeating: 0, count: width * height * count)
    let isGray = channels < 3
    for pixel in 0..<(width * height) {
      let source = pixel * channels
      switch (isGray, count) {
      case (true, 1): result[pixel] = bytes[source]
      case (true, _): for channel in 0..<3 { result[pixel * 3 + channel] = bytes[source] }
      case (false, 1):
        result[pixel] = Image.luma(bytes[source], bytes[source + 1], bytes[source + 2])
      case (false, _): for channel in 0..<3 { result[pixel * 3 + channel] = bytes[source + channel] }
      }
    }
    return try Image(width: width, height: height, channels: count, bytes: result)
  }

  /// ITU-R BT.601 in sixteen bits, as Pillow computes it.
  private static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    let (red, green, blue) = (UInt32(red) * 19595, UInt32(green) * 38470, UInt32(blue) * 7471)
    return UInt8((red + green + blue + 0x8000) >> 16)
  }
}

/// A picture, or how it is to be prepared, that cannot be used: what, where, and how to mend it, in one line.
public struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
