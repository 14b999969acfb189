/// PNG files hold the picture, and compress as RFC 1951 says.
import Testing

@testable import Reports

@Suite struct PNGTests {
  @Test func checksumsOfKnownTexts() {
    #expect(Checksums.crc32("123456789".utf8) == 0xCBF4_3926)
    #expect(Checksums.adler32(Array("Wikipedia".utf8)) == 0x11E6_0398)
    #expect(Checksums.adler32([]) == 1)
    #expect(Checksums.adler32([UInt8](repeating: 255, count: 20_000)) == 0x9F51_D664)
  }

  @Test(arguments: [0, 1, 2, 3, 100, 5000, 70_000], [1, 2, 4, 250])
  func deflateRoundTrip(count: Int, variety: Int) throws {
    var random = TestRandom(seed: UInt64(count * 1000 + variety))
    // Runs of random length, so that matches of every length and distance occur.
    var input: [UInt8] = []
    while input.count < count {
      let byte = UInt8(Int.random(in: 0..<variety, using: &random))
      let run = Bool.random(using: &random) ? 1 : Int.random(in: 1...600, using: &random)
      if Bool.random(using: &random), input.count > 300 {
        let start = Int.random(in: 0..<(input.count - 300), using: &random)
        input += input[start..<start + 300]
      }
      input += [UInt8](repeating: byte, count: run)
    }
    let bytes = Array(input.prefix(count))
    #expect(try Inflate.zlib(Deflate.zlib(bytes)) == bytes)
  }

  @Test func flatPicturesAreSmall() {
    let bitmap = Bitmap(width: 800, height: 600, background: Color(250, 250, 250))
    #expect(PNG.encode(bitmap).count < 12_000)
  }

  @Test func thePictureComesBack() throws {
    var canvas = RasterCanvas(size: Size(61, 37), scale: 1)
    canvas.circle(at: Point(20, 20), radius: 12, with: .series(1))
    canvas.text("Ag 5", at: Point(22, 30), style: TextStyle(size: 14))
    let decoded = try DecodedPNG(PNG.encode(canvas.bitmap, pixelsPerUnit: 2))
    #expect(decoded.width == 61)
    #expect(decoded.height == 37)
    #expect(decoded.bytes == canvas.bitmap.bytes)
    #expect(decoded.chunks == ["IHDR", "sRGB", "pHYs", "IDAT", "IEND"])
  }
}

/// A reader for what `PNG` writes, checking every length and checksum.
struct DecodedPNG {
  struct Malformed: Error { let reason: String }

  var width = 0
  var height = 0
  var bytes: [UInt8] = []
  var chunks: [String] = []

  init(_ file: [UInt8]) throws {
    guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw Malformed(reason: "signature")
    }
    var rest = file.dropFirst(8)
    var compressed: [UInt8] = []
    func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    while !rest.isEmpty {
      let length = number(rest.prefix(4))
      let body = rest.dropFirst(4).prefix(length + 4)
      let checksum = number(rest.dropFirst(length + 8).prefix(4))
      guard body.count == length + 4, Int(Checksums.crc32(body)) == checksum else {
        throw Malformed(reason: "chunk")
      }
      let data = body.dropFirst(4)
      chunks.append(String(decoding: body.prefix(4), as: UTF8.self))
      if chunks.last == "IHDR" {
        (width, height) = (number(data.prefix(4)), number(data.dropFirst(4).prefix(4)))
        guard Array(data.dropFirst(8)) == [8, 2, 0, 0, 0] else { throw Malformed(reason: "header") }
      }
      if chunks.last == "IDAT" { compressed += data }
      rest = rest.dropFirst(length + 12)
    }
    let rows = try Inflate.zlib(compressed)
    let stride = width * 3
    guard rows.count == (stride + 1) * height else { throw Malformed(reason: "rows") }
    for row in 0..<height {
      guard rows[row * (stride + 1)] == 2 else { throw Malformed(reason: "filter") }
      for index in 0..<stride {
        let above = row == 0 ? 0 : bytes[(row - 1) * stride + index]
        bytes.append(rows[row * (stride + 1) + 1 + index] &+ above)
      }
    }
  }
}

/// Decompression of a single block with fixed codes, written from RFC 1951 alone.
struct Inflate {
  struct Malformed: Error {}

  private let input: [UInt8]
  private var bit = 0
  private var output: [UInt8] = []

  static func zlib(_ input: [UInt8]) throws -> [UInt8] {
    guard input.count >= 6, input[0] == 0x78, (Int(input[0]) << 8 | Int(input[1])) % 31 == 0 else {
      throw Malformed()
    }
    var inflate = Inflate(input: Array(input.dropFirst(2).dropLast(4)))
    try inflate.block()
    let expected = input.suffix(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    guard Checksums.adler32(inflate.output) == expected else { throw Malformed() }
    return inflate.output
  }

  private init(input: [UInt8]) { self.input = input }

  private mutating func next() throws -> Int {
    guard bit / 8 < input.count else { throw Malformed() }
    defer { bit += 1 }
    return Int(input[bit / 8] >> UInt8(bit % 8)) & 1
  }

  private mutating func bits(_ count: Int) throws -> Int {
    var value = 0
    for shift in 0..<count { value |= try next() << shift }
    return value
  }

  private mutating func symbol() throws -> Int {
    var code = 0
    for length in 1...9 {
      code = code << 1 | (try next())
      if length == 7, code <= 0b001_0111 { return 256 + code }
      if length == 8, (0b0011_0000...0b1011_1111).contains(code) { return code - 0b0011_0000 }
      if length == 8, (0b1100_0000...0b1100_0111).contains(code) { return 280 + code - 0b1100_0000 }
      if length == 9 { return 144 + code - 0b1_1001_0000 }
    }
    throw Malformed()
  }

  private mutating func block() throws {
    guard try bits(3) == 0b011 else { throw Malformed() }
    let lengths = [
      3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
      227, 258,
    ]
    let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    let distances = [
      1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
      4097, 6145,
      8193, 12289, 16385, 24577,
    ]
    while true {
      let symbol = try symbol()
      if symbol == 256 { return }
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      guard symbol - 257 < lengths.count else { throw Malformed() }
      let length = lengths[symbol - 257] + (try bits(lengthBits[symbol - 257]))
      var code = 0
      for _ in 0..<5 { code = code << 1 | (try next()) }
      guard code < distances.count else { throw Malformed() }
      let distance = distances[code] + (try bits(code < 4 ? 0 : code / 2 - 1))
      guard distance <= output.count else { throw Malformed() }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }
}
