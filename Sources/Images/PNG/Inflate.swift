/// Expands what DEFLATE compressed (RFC 1951) inside a zlib stream (RFC 1950).
struct Inflate {
  private let input: ArraySlice<UInt8>
  private var position: Int
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var output: [UInt8] = []
  private let limit: Int

  /// - Parameter size: how many bytes there must be; more are not expanded.
  /// - Throws: ``ImageError`` for a damaged stream, or one that is too short.
  static func zlib(_ input: [UInt8], size: Int) throws(ImageError) -> [UInt8] {
    // No stream of this format expands a byte to more than 1032.
    guard input.count > 6, size / 1032 <= input.count else { throw .truncated }
    guard input[0] & 15 == 8, (Int(input[0]) << 8 | Int(input[1])) % 31 == 0, input[1] & 32 == 0 else {
      throw .damaged
    }
    var inflate = Inflate(input[2...], limit: size)
    try inflate.run()
    guard inflate.output.count == size else { throw .truncated }
    return inflate.output
  }

  private init(_ input: ArraySlice<UInt8>, limit: Int) {
    (self.input, position, self.limit) = (input, input.startIndex, limit)
    output.reserveCapacity(limit)
  }

  private mutating func run() throws(ImageError) {
    var isLast = false
    while !isLast, output.count < limit {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try stored()
      case 1: try compressed(.fixedLiterals, .fixedDistances)
      case 2:
        let (literals, distances) = try tables()
        try compressed(literals, distances)
      default: throw .damaged
      }
    }
  }

  private mutating func stored() throws(ImageError) {
    bits >>= UInt64(bitCount % 8)
    bitCount -= bitCount % 8
    let count = try take(16)
    guard try take(16) == ~count & 0xFFFF else { throw .damaged }
    for _ in 0..<min(count, limit - output.count) { output.append(UInt8(try take(8))) }
  }

  private mutating func compressed(
    _ literals: PrefixCode, _ distances: PrefixCode
  ) throws(ImageError) {
    while output.count < limit {
      let symbol = try self.symbol(literals)
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol < 286 else { throw .damaged }
      let length = try Self.lengthBases[symbol - 257] + take(Self.lengthExtras[symbol - 257])
      let place = try self.symbol(distances)
      guard place < 30 else { throw .damaged }
      let distance = try Self.distanceBases[place] + take(Self.distanceExtras[place])
      guard distance <= output.count else { throw .damaged }
      for _ in 0..<min(length, limit - output.count) { output.append(output[output.count - distance]) }
    }
  }

  /// The codes that a block brings along, themselves coded.
  private mutating func tables() throws(ImageError) -> (PrefixCode, PrefixCode) {
    let (literals, distances, lengths) = (try take(5) + 257, try take(5) + 1, try take(4) + 4)
    var order = [UInt8](repeating: 0, count: 19)
    for place in Self.order.prefix(lengths) { order[place] = UInt8(try take(3)) }
    let code = try PrefixCode(order)
    var all: [UInt8] = []
    while all.count < literals + distances {
      let symbol = try self.symbol(code)
      switch symbol {
      case ..<16: all.append(UInt8(symbol))
      case 16:
        guard let last = all.last else { throw .damaged }
        all += Array(repeating: last, count: try take(2) + 3)
      case 17: all += Array(repeating: 0, count: try take(3) + 3)
      default: all += Array(repeating: 0, count: try take(7) + 11)
      }
    }
    guard all.count == literals + distances else { throw .damaged }
    return (try PrefixCode(Array(all[..<literals])), try PrefixCode(Array(all[literals...])))
  }

  private mutating func symbol(_ code: PrefixCode) throws(ImageError) -> Int {
    fill()
    guard let (symbol, length) = code.symbol(in: bits), length <= bitCount else {
      throw position >= input.endIndex ? .truncated : .damaged
    }
    bits >>= UInt64(length)
    bitCount -= length
    return symbol
  }

  private mutating func take(_ count: Int) throws(ImageError) -> Int {
    if bitCount < count { fill() }
    guard bitCount >= count else { throw .truncated }
    let value = Int(bits & (1 << UInt64(count) - 1))
    bits >>= UInt64(count)
    bitCount -= count
    return value
  }

  private mutating func fill() {
    while bitCount <= 48, position < input.endIndex {
      bits |= UInt64(input[position]) << UInt64(bitCount)
      bitCount += 8
      position += 1
    }
  }

  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  /// RFC 1951, section 3.2.5.
  private static let lengthExtras = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
  ]
  private static let distanceExtras = (0..<30).map { max(0, $0 / 2 - 1) }
  private static let distanceBases = distanceExtras.reduce(into: [1]) { $0.append(($0.last ?? 1) + 1 << $1) }
}

extension ImageError {
  static let damaged = ImageError("a damaged picture")
}
