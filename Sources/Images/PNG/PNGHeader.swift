/// What the first chunk of a PNG file says (W3C Portable Network Graphics, third edition, section 11.2.1).
struct PNGHeader {
  enum Color: Int { case gray = 0, rgb = 2, palette = 3, grayAlpha = 4, rgba = 6 }

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  let width, height, depth: Int
  let color: Color
  let isInterlaced: Bool

  /// Samples of each pixel in the file.
  var samples: Int {
    switch color {
    case .gray, .palette: 1
    case .grayAlpha: 2
    case .rgb: 3
    case .rgba: 4
    }
  }

  var bitsPerPixel: Int { samples * depth }

  /// - Throws: ``ImageError`` for a file that does not begin as PNG does, or is too large.
  init(_ bytes: [UInt8]) throws(ImageError) {
    guard bytes.starts(with: Self.signature) else { throw .damaged }
    var reader = ByteReader(bytes, at: 8)
    guard try reader.long() == 13, try Array(reader.take(4)) == Array("IHDR".utf8) else { throw .damaged }
    (width, height) = (try reader.long(), try reader.long())
    guard width > 0, height > 0 else { throw ImageError("a picture of \(width)x\(height) pixels") }
    guard width <= Image.maximumPixels / height else { throw .tooLarge(width, height) }
    depth = try reader.byte()
    guard let color = Color(rawValue: try reader.byte()), try reader.byte() == 0, try reader.byte() == 0
    else { throw .damaged }
    let interlacing = try reader.byte()
    let depths: [Int] =
      switch color {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .grayAlpha, .rgba: [8, 16]
      }
    guard depths.contains(depth), interlacing < 2 else { throw .damaged }
    (self.color, isInterlaced) = (color, interlacing == 1)
  }
}

extension ImageError {
  static func tooLarge(_ width: Int, _ height: Int) -> ImageError {
    ImageError("\(width)x\(height) pixels, where \(Image.maximumPixels) in all are the most")
  }
}
