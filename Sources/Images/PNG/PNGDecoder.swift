/// Reads PNG files of every color type, depth and interlacing (W3C Portable Network Graphics, third edition).
///
/// Samples of sixteen bits keep their upper eight, colors of a palette become red, green and blue, and gray of less
/// than eight bits is spread over all of them, as in Pillow. Opacity of single colors is not looked at.
enum PNGDecoder {
  static func decode(_ bytes: [UInt8]) throws(ImageError) -> Image {
    let header = try PNGHeader(bytes)
    let (palette, data) = try chunks(bytes)
    if header.color == .palette, palette.isEmpty { throw .damaged }
    let passes = PNGPass.passes(header)
    let raw = try Inflate.zlib(data, size: passes.reduce(0) { $0 + $1.byteCount(header) })
    var samples = [UInt8](repeating: 0, count: header.width * header.height * header.samples)
    var start = 0
    for pass in passes {
      let rows = try unfiltered(raw[start..<start + pass.byteCount(header)], pass, header)
      pass.scatter(rows, into: &samples, header)
      start += pass.byteCount(header)
    }
    let (channels, pixels) =
      try header.color == .palette ? (3, colors(samples, palette)) : (header.samples, samples)
    return try Image(width: header.width, height: header.height, channels: channels, bytes: pixels)
  }

  /// The palette and the compressed rows.
  private static func chunks(_ bytes: [UInt8]) throws(ImageError) -> (palette: [UInt8], data: [UInt8]) {
    var reader = ByteReader(bytes, at: PNGHeader.signature.count)
    var (palette, data): ([UInt8], [UInt8]) = ([], [])
    while reader.remaining > 0 {
      let count = try reader.long()
      let type = try Array(reader.take(4))
      let body = try reader.take(count)
      let isNeeded = [Array("PLTE".utf8), Array("IDAT".utf8)].contains(type)
      guard try reader.long() == Int(Checksum.crc32(type, body)) || !isNeeded else { throw .damaged }
      if type == Array("PLTE".utf8) { palette = Array(body) }
      if type == Array("IDAT".utf8) { data += body }
      if type == Array("IEND".utf8) { break }
    }
    return (palette, data)
  }

  private static func colors(_ samples: [UInt8], _ palette: [UInt8]) throws(ImageError) -> [UInt8] {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(samples.count * 3)
    for sample in samples {
      let place = Int(sample) * 3
      guard place + 2 < palette.count else { throw .damaged }
      pixels += palette[place...place + 2]
    }
    return pixels
  }

  /// The rows of a pass without the byte in front that says how each differs from its neighbours (section 9).
  private static func unfiltered(
    _ raw: ArraySlice<UInt8>, _ pass: PNGPass, _ header: PNGHeader
  ) throws(ImageError) -> [UInt8] {
    let stride = pass.rowBytes(header)
    let back = max(1, header.bitsPerPixel / 8)
    var rows = [UInt8](repeating: 0, count: stride * pass.height)
    for row in 0..<pass.height {
      let source = raw.startIndex + row * (stride + 1)
      let (filter, target) = (raw[source], row * stride)
      guard filter < 5 else { throw .damaged }
      for index in 0..<stride {
        let left = index >= back ? rows[target + index - back] : 0
        let above = row > 0 ? rows[target + index - stride] : 0
        let corner = index >= back && row > 0 ? rows[target + index - stride - back] : 0
        let guess: UInt8 =
          switch filter {
          case 0: 0
          case 1: left
          case 2: above
          case 3: UInt8((Int(left) + Int(above)) / 2)
          default: paeth(left, above, corner)
          }
        rows[target + index] = raw[source + 1 + index] &+ guess
      }
    }
    return rows
  }

  /// The neighbour that lies nearest to left + above - corner.
  private static func paeth(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
    let (a, b, c) = (Int(left), Int(above), Int(corner))
    let (toLeft, toAbove, toCorner) = (abs(b - c), abs(a - c), abs(a + b - 2 * c))
    if toLeft <= toAbove, toLeft <= toCorner { return left }
    return toAbove <= toCorner ? above : corner
  }
}
