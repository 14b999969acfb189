/// How the components of a JPEG make colors.
enum JPEGColors {
  case gray
  case rgb
  /// Brightness and two differences of color (ITU-R BT.601, full range).
  case ycc
  /// Inks, or their complements where an Adobe marker is there.
  case cmyk(isInverted: Bool)
  case ycck(isInverted: Bool)

  init(_ file: JPEGFile, _ frame: JPEGFrame) {
    let ids = frame.components.map(\.id)
    switch (frame.components.count, file.adobeTransform) {
    case (1, _): self = .gray
    case (3, 0?) where !file.isJFIF: self = .rgb
    case (3, nil) where !file.isJFIF && ids == [82, 71, 66]: self = .rgb
    case (3, _): self = .ycc
    case (_, 2?): self = .ycck(isInverted: true)
    case (_, let transform): self = .cmyk(isInverted: transform != nil)
    }
  }

  /// Appends the colors of a row of samples.
  func append(_ rows: [[UInt8]], to bytes: inout [UInt8]) {
    switch self {
    case .gray: bytes += rows[0]
    case .rgb:
      for x in rows[0].indices { bytes += [rows[0][x], rows[1][x], rows[2][x]] }
    case .ycc:
      for x in rows[0].indices { Self.append(Self.rgb(rows, x), to: &bytes) }
    case .cmyk(let isInverted):
      for x in rows[0].indices {
        Self.append(Self.mixed((rows[0][x], rows[1][x], rows[2][x]), rows[3][x], isInverted), to: &bytes)
      }
    case .ycck(let isInverted):
      for x in rows[0].indices {
        let (red, green, blue) = Self.rgb(rows, x)
        Self.append(Self.mixed((255 - red, 255 - green, 255 - blue), rows[3][x], isInverted), to: &bytes)
      }
    }
  }

  private typealias Color = (UInt8, UInt8, UInt8)

  @inline(__always)
  private static func append(_ color: Color, to bytes: inout [UInt8]) {
    bytes.append(color.0)
    bytes.append(color.1)
    bytes.append(color.2)
  }

  /// In sixteen bits, as the Independent JPEG Group's decoder rounds.
  @inline(__always)
  private static func rgb(_ rows: [[UInt8]], _ x: Int) -> Color {
    let (y, cb, cr) = (Int32(rows[0][x]), Int32(rows[1][x]) - 128, Int32(rows[2][x]) - 128)
    let red = y + (91881 * cr + 32768) >> 16
    let green = y + (-22554 * cb - 46802 * cr + 32768) >> 16
    let blue = y + (116130 * cb + 32768) >> 16
    return (UInt8(clamping: red), UInt8(clamping: green), UInt8(clamping: blue))
  }

  /// Three inks on what black leaves, as Pillow mixes them.
  private static func mixed(_ inks: Color, _ black: UInt8, _ isInverted: Bool) -> Color {
    func plain(_ ink: UInt8) -> Int { isInverted ? 255 - Int(ink) : Int(ink) }
    let rest = 255 - plain(black)
    func left(_ ink: UInt8) -> UInt8 {
      let product = plain(ink) * rest + 128
      return UInt8(clamping: rest - (product >> 8 + product) >> 8)
    }
    return (left(inks.0), left(inks.1), left(inks.2))
  }
}
