/// The bits of a JPEG's entropy-coded data, up to the next marker.
struct JPEGBits {
  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var position: Int
  private var bits: UInt64 = 0
  private var count = 0
  /// Bits that were read behind the end of the data.
  private var borrowed = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) {
    (self.bytes, self.position) = (bytes, position)
  }

  /// Whether more has been read than was there.
  var isOver: Bool { borrowed > count }

  private mutating func fill() {
    while count <= 48 {
      var byte: UInt8 = 0
      if position < bytes.count, bytes[position] != 0xFF {
        byte = bytes[position]
        position += 1
      } else if position + 1 < bytes.count, bytes[position + 1] == 0 {
        byte = 0xFF
        position += 2
      } else {
        borrowed += 8
      }
      bits = bits << 8 | UInt64(byte)
      count += 8
    }
  }

  mutating func symbol(_ code: JPEGHuffman) throws(ImageError) -> Int {
    if count < 16 { fill() }
    guard let (symbol, length) = code.symbol(Int(truncatingIfNeeded: bits >> UInt64(count - 16)) & 0xFFFF)
    else {
      throw isOver ? .truncated : .damaged
    }
    count -= length
    if isOver { throw .truncated }
    return symbol
  }

  mutating func take(_ wanted: Int) throws(ImageError) -> Int {
    guard wanted > 0 else { return 0 }
    if count < wanted { fill() }
    count -= wanted
    if isOver { throw .truncated }
    return Int(truncatingIfNeeded: bits >> UInt64(count)) & (1 << wanted - 1)
  }

  /// A number of so many bits whose first bit says the sign (figure F.12).
  mutating func signed(_ size: Int) throws(ImageError) -> Int {
    guard size > 0 else { return 0 }
    let value = try take(size)
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value
  }

  /// Goes behind a restart marker.
  mutating func restart() throws(ImageError) {
    (bits, count, borrowed) = (0, 0, 0)
    guard let marker = nextMarker(), (0xD0...0xD7).contains(marker) else { throw .truncated }
    position += 2
  }

  /// The marker that comes next, at whose beginning the position then is; nil at the end.
  mutating func nextMarker() -> UInt8? {
    while position + 1 < bytes.count {
      if bytes[position] == 0xFF, bytes[position + 1] != 0, bytes[position + 1] != 0xFF {
        return bytes[position + 1]
      }
      position += 1
    }
    return nil
  }
}
