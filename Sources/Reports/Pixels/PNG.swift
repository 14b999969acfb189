/// Writes a bitmap as a PNG file (W3C Portable Network Graphics, third edition).

public enum PNG {
  /// - Parameter pixelsPerUnit: How many pixels stand for 1/96 of an inch, so that viewers show the intended size.
  public static func encode(_ bitmap: Bitmap, pixelsPerUnit: Double = 1) -> [UInt8] {
    let perMeter = UInt32(min(max((pixelsPerUnit * 96 / 0.0254).rounded(), 1), 1e6))
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let header = bigEndian(UInt32(bitmap.width)) + bigEndian(UInt32(bitmap.height)) + [8, 2, 0, 0, 0]
    file += chunk("IHDR", header)
    file += chunk("sRGB", [0])
    file += chunk("pHYs", bigEndian(perMeter) + bigEndian(perMeter) + [1])
    file += chunk("IDAT", Deflate.zlib(filtered(bitmap)))
    return file + chunk("IEND", [])
  }

  /// The rows, each as its difference from the row above, which is mostly zero in a drawing.
  private static func filtered(_ bitmap: Bitmap) -> [UInt8] {
    let stride = bitmap.width * 3
    var rows: [UInt8] = []
    rows.reserveCapacity((stride + 1) * bitmap.height)
    for row in 0..<bitmap.height {
      rows.append(2)
      let start = row * stride
      for index in start..<start + stride {
        let above = row == 0 ? 0 : bitmap.bytes[index - stride]
        rows.append(bitmap.bytes[index] &- above)
      }
    }
    return rows
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bigEndian(UInt32(data.count)) + body + bigEndian(Checksums.crc32(body))
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
  }
}
