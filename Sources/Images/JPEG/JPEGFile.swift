/// Walks through a JPEG file's markers (ITU-T T.81, annex B) and collects what they say.
struct JPEGFile {
  private(set) var frame: JPEGFrame?
  private(set) var orientation = Orientation.upright
  /// Whether an Adobe marker is there, and how it says that colors are transformed.
  private(set) var adobeTransform: Int?
  private(set) var isJFIF = false
  private(set) var quantization = [[Int32]?](repeating: nil, count: 4)
  private var dcCodes = [JPEGHuffman?](repeating: nil, count: 4)
  private var acCodes = [JPEGHuffman?](repeating: nil, count: 4)
  private var restartInterval = 0
  private var coefficients: [JPEGCoefficients] = []
  private var hasScans = false

  /// Only the frame header of a file, whatever comes behind it.
  static func frame(of bytes: [UInt8]) throws(ImageError) -> JPEGFrame {
    var file = JPEGFile()
    try file.read(bytes, headerOnly: true)
    guard let frame = file.frame else { throw .truncated }
    return frame
  }

  /// Everything, with the coefficients of every component.
  static func read(_ bytes: [UInt8]) throws(ImageError) -> (JPEGFile, JPEGFrame, [JPEGCoefficients]) {
    var file = JPEGFile()
    try file.read(bytes, headerOnly: false)
    guard let frame = file.frame, file.hasScans else { throw .truncated }
    return (file, frame, file.coefficients)
  }

  private mutating func read(_ bytes: [UInt8], headerOnly: Bool) throws(ImageError) {
    var reader = ByteReader(bytes, at: 2)
    while true {
      // The last marker may be missing.
      if hasScans, reader.remaining < 2 { return }
      guard try reader.byte() == 0xFF else { throw .damaged }
      var marker = try reader.byte()
      while marker == 0xFF { marker = try reader.byte() }
      if marker == 0xD9 { return }
      // Markers without a body.
      if marker == 0x01 || (0xD0...0xD8).contains(marker) { continue }
      let start = reader.position
      let length = try reader.short()
      guard length >= 2, start + length <= bytes.count else { throw .truncated }
      switch marker {
      case 0xC0, 0xC1, 0xC2:
        guard frame == nil else { throw .damaged }
        let found = try JPEGFrame(&reader, isProgressive: marker == 0xC2)
        frame = found
        if headerOnly { return }
        // The first coefficient of a block takes a bit at least.
        guard found.blockCount / 8 <= bytes.count else { throw .truncated }
        coefficients = found.components.map(JPEGCoefficients.init)
      case 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF:
        throw ImageError("a JPEG that is lossless, hierarchical or coded arithmetically, which is not read")
      case 0xC4: try readCodes(&reader, end: start + length)
      case 0xDB: try readQuantization(&reader, end: start + length)
      case 0xDD: restartInterval = try reader.short()
      case 0xE0: isJFIF = isJFIF || bytes[reader.position...].starts(with: Array("JFIF".utf8))
      case 0xE1:
        orientation = Orientation(exif: bytes[reader.position..<start + length]) ?? orientation
      case 0xEE:
        let body = bytes[reader.position..<start + length]
        if body.starts(with: Array("Adobe".utf8)), body.count >= 12 {
          adobeTransform = Int(body[body.startIndex + 11])
        }
      case 0xDA:
        guard let frame else { throw .damaged }
        let scan = try JPEGScan(&reader, frame, dcCodes, acCodes)
        hasScans = true
        let end = try scan.decode(bytes, from: start + length, restartInterval, &coefficients)
        reader = ByteReader(bytes, at: end)
        continue
      default: break
      }
      reader = ByteReader(bytes, at: start + length)
    }
  }

  private mutating func readQuantization(_ reader: inout ByteReader, end: Int) throws(ImageError) {
    while reader.position < end {
      let kind = try reader.byte()
      guard kind & 15 < 4, kind >> 4 < 2 else { throw .damaged }
      var table = [Int32](repeating: 0, count: 64)
      for place in JPEGOrder.natural {
        table[place] = Int32(kind >> 4 == 0 ? try reader.byte() : try reader.short())
      }
      quantization[kind & 15] = table
    }
  }

  private mutating func readCodes(_ reader: inout ByteReader, end: Int) throws(ImageError) {
    while reader.position < end {
      let kind = try reader.byte()
      guard kind & 15 < 4, kind >> 4 < 2 else { throw .damaged }
      let counts = try reader.take(16).map(Int.init)
      let symbols = try Array(reader.take(counts.reduce(0, +)))
      let code = try JPEGHuffman(counts, symbols)
      if kind >> 4 == 0 { dcCodes[kind & 15] = code } else { acCodes[kind & 15] = code }
    }
  }
}

/// The order in which a block's coefficients come (figure A.6).
enum JPEGOrder {
  /// The row-major place of each.
  static let natural = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14,
    21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
    53, 60,
    61, 54, 47, 55, 62, 63,
  ]
}
