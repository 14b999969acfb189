/// A picture of numbers, as a value: it can become SVG for a page or a PNG file.
public protocol Chart: Sendable {
  var title: String { get }

  /// How large the drawing is, in CSS pixels.
  var size: Size { get }

  /// What the picture shows, in words, for those who cannot see it.
  var summary: String { get }

  func draw(on canvas: inout some Canvas)
}

extension Chart {
  /// The chart as SVG that follows the reader's light or dark preference.
  ///
  /// - Parameters:
  ///   - id: A prefix for the identifiers inside, different for each chart on a page.
  ///   - standalone: False inside a page that declares the colours itself, as `HTMLReport` does.
  public func svg(id: String = "chart", standalone: Bool = true) -> String {
    var canvas = SVGCanvas()
    draw(on: &canvas)
    return canvas.document(size: size, title: title, description: summary, id: id, standalone: standalone)
  }

  /// The chart as a PNG file.
  ///
  /// - Parameter scale: Pixels per CSS pixel.
  public func png(scale: Double = 2, theme: Theme = .light) -> [UInt8] {
    var canvas = RasterCanvas(size: size, scale: scale, theme: theme)
    draw(on: &canvas)
    return PNG.encode(canvas.bitmap, pixelsPerUnit: scale)
  }
}
