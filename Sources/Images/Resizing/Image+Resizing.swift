extension Image {
  /// The picture at another size, as Pillow's `resize` makes it: across first, then down, rounded in between.
  ///
  /// - Throws: ``ImageError`` for a size that no picture has.
  public func resized(width: Int, height: Int, _ filter: ResampleFilter) throws(ImageError) -> Image {
    guard width > 0, height > 0, width <= Image.maximumPixels / height,
      width <= Image.maximumPixels / self.height
    else { throw ImageError("a picture of \(self.width)x\(self.height) at \(width)x\(height) pixels") }
    guard (width, height) != (self.width, self.height) else { return self }
    if filter == .nearest { return try nearest(width, height) }
    let wide = width == self.width ? self : try across(width, filter)
    return height == wide.height ? wide : try wide.down(height, filter)
  }

  private func nearest(_ width: Int, _ height: Int) throws(ImageError) -> Image {
    func places(_ count: Int, _ newCount: Int) -> [Int] {
      let scale = Double(count) / Double(newCount)
      var place = scale * 0.5
      return (0..<newCount).map { _ in
        defer { place += scale }
        return min(count - 1, Int(place))
      }
    }
    let columns = places(self.width, width)
    var result: [UInt8] = []
    result.reserveCapacity(width * height * channels)
    for row in places(self.height, height) {
      for column in columns {
        let source = (row * self.width + column) * channels
        for channel in 0..<channels { result.append(bytes[source + channel]) }
      }
    }
    return try Image(width: width, height: height, channels: channels, bytes: result)
  }

  private func across(_ width: Int, _ filter: ResampleFilter) throws(ImageError) -> Image {
    let windows = ResampleWeights(from: self.width, to: width, filter).windows
    return try made(width, height) { source, result in
      for y in 0..<height {
        for (x, window) in windows.enumerated() {
          for channel in 0..<channels {
            result[(y * width + x) * channels + channel] = Self.sum(
              source, at: (y * self.width + window.start) * channels + channel, step: channels, window)
          }
        }
      }
    }
  }

  private func down(_ height: Int, _ filter: ResampleFilter) throws(ImageError) -> Image {
    let windows = ResampleWeights(from: self.height, to: height, filter).windows
    let stride = width * channels
    return try made(width, height) { source, result in
      for (y, window) in windows.enumerated() {
        for x in 0..<stride {
          result[y * stride + x] = Self.sum(source, at: window.start * stride + x, step: stride, window)
        }
      }
    }
  }

  private func made(
    _ width: Int, _ height: Int,
    _ body: (UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) -> Void
  ) throws(ImageError) -> Image {
    let count = width * height * channels
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      bytes.withUnsafeBufferPointer { body($0, buffer) }
      filled = count
    }
    return try Image(width: width, height: height, channels: channels, bytes: result)
  }

  @inline(__always)
  private static func sum(
    _ source: UnsafeBufferPointer<UInt8>, at start: Int, step: Int, _ window: ResampleWeights.Window
  ) -> UInt8 {
    var sum = Int32(1) << (ResampleWeights.precision - 1)
    var place = start
    for weight in window.weights {
      sum &+= Int32(source[place]) &* weight
      place += step
    }
    return UInt8(clamping: sum >> ResampleWeights.precision)
  }

  /// The middle of the picture; what lies outside of it is black.
  ///
  /// - Throws: ``ImageError`` for a size that no picture has.
  public func centerCropped(width: Int, height: Int) throws(ImageError) -> Image {
    guard width > 0, height > 0, width <= Image.maximumPixels / height else {
      throw ImageError("a picture cut to \(width)x\(height) pixels")
    }
    // Rounded down, also below zero.
    let (left, top) = ((self.width - width) >> 1, (self.height - height) >> 1)
    var result = [UInt8](repeating: 0, count: width * height * channels)
    for y in max(0, -top)..<min(height, self.height - top) {
      let first = max(0, -left)
      let count = min(width, self.width - left) - first
      let source = ((y + top) * self.width + first + left) * channels
      let target = (y * width + first) * channels
      result.replaceSubrange(
        target..<target + count * channels, with: bytes[source..<source + count * channels])
    }
    return try Image(width: width, height: height, channels: channels, bytes: result)
  }
}
