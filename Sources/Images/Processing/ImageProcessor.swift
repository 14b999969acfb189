/// What is done to a picture before a model sees it: resized, cut, and its bytes made numbers around zero.
///
/// Source: `preprocessor_config.json` as the image processors of transformers 5.23 read it, with Pillow's resizing.
public struct ImageProcessor: Sendable, Hashable {
  /// The size that pictures get.
  public enum Size: Sendable, Hashable {
    /// Whatever their shape is.
    case exact(height: Int, width: Int)
    /// Of the shorter side; the shape stays. The longer one is no longer than `longest`, if that is given.
    case shortestEdge(Int, longest: Int?)
  }

  /// How the size is understood.
  public enum Resizing: Sendable, Hashable {
    case none
    case to(Size)
    /// ConvNeXT's: below 384 pixels a margin is resized with the square that is then cut out; the square is that much of
    /// the whole. From 384 on pictures are made square.
    case square(Int, share: Double)
  }

  public var resizing: Resizing
  public var filter: ResampleFilter
  /// The middle that is cut out.
  public var crop: (height: Int, width: Int)? {
    get { cropSize.map { ($0.height, $0.width) } }
    set { cropSize = newValue.map { Extent(height: $0.height, width: $0.width) } }
  }
  /// What bytes are multiplied by; nil to leave them from 0 to 255.
  public var rescaling: Double?
  /// What is taken off each channel, and what it is divided by then; none to leave it out.
  public var mean, deviation: [Double]
  /// Those of the model: 1 (gray) or 3.
  public var channels: Int
  private var cropSize: Extent?

  private struct Extent: Hashable { let height, width: Int }

  public init(
    resizing: Resizing, filter: ResampleFilter, crop: (height: Int, width: Int)? = nil,
    rescaling: Double? = 1 / 255.0, mean: [Double], deviation: [Double], channels: Int
  ) {
    (self.resizing, self.filter, self.rescaling) = (resizing, filter, rescaling)
    (self.mean, self.deviation, self.channels) = (mean, deviation, channels)
    self.crop = crop
  }

  /// - Throws: ``ImageError`` for a picture that cannot be brought to the size.
  public func callAsFunction(_ image: Image) throws(ImageError) -> PixelValues {
    var image = try resized(image.converted(toChannels: channels))
    if let crop { image = try image.centerCropped(width: crop.width, height: crop.height) }
    let tables = (0..<channels).map(table)
    let count = image.width * image.height
    var values = [Float](repeating: 0, count: count * channels)
    for channel in 0..<channels {
      let table = tables[channel]
      for pixel in 0..<count {
        values[channel * count + pixel] = table[Int(image.bytes[pixel * channels + channel])]
      }
    }
    return try PixelValues(channels: channels, height: image.height, width: image.width, values: values)
  }

  private func resized(_ image: Image) throws(ImageError) -> Image {
    switch resizing {
    case .none: return image
    case .to(.exact(let height, let width)):
      return try image.resized(width: width, height: height, filter)
    case .to(.shortestEdge(let size, let longest)):
      let (width, height) = Self.size(image, shortest: size, longest: longest)
      return try image.resized(width: width, height: height, filter)
    case .square(let size, let share) where size < 384:
      let (width, height) = Self.size(image, shortest: Int(Double(size) / share), longest: nil)
      return try image.resized(width: width, height: height, filter).centerCropped(width: size, height: size)
    case .square(let size, _): return try image.resized(width: size, height: size, filter)
    }
  }

  /// Width and height with the shape that the picture has, as near as whole numbers come from below.
  private static func size(_ image: Image, shortest: Int, longest: Int?) -> (width: Int, height: Int) {
    let (short, long) = (min(image.width, image.height), max(image.width, image.height))
    var (edge, exact) = (shortest, Double(shortest))
    if let longest, Double(long) / Double(short) * Double(shortest) > Double(longest) {
      exact = Double(longest) * Double(short) / Double(long)
      edge = Int(exact.rounded(.toNearestOrEven))
    }
    let other = max(edge, Int(exact * Double(long) / Double(short)))
    return image.width <= image.height ? (edge, other) : (other, edge)
  }

  /// What each byte of a channel becomes, rounded as numpy rounds.
  private func table(_ channel: Int) -> [Float] {
    (0..<256).map { byte in
      var value = rescaling.map { Float(Double(byte) * $0) } ?? Float(byte)
      if !mean.isEmpty {
        value = (value - Float(mean[channel % mean.count])) / Float(deviation[channel % deviation.count])
      }
      return value
    }
  }
}
