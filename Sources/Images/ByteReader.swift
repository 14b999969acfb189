/// Reads big-endian numbers out of bytes, and says when they end too soon.
struct ByteReader {
  let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], at position: Int = 0) { (self.bytes, self.position) = (bytes, position) }

  var remaining: Int { bytes.count - position }

  mutating func byte() throws(ImageError) -> Int {
    guard position < bytes.count else { throw .truncated }
    defer { position += 1 }
    return Int(bytes[position])
  }

  mutating func short() throws(ImageError) -> Int { try byte() << 8 | byte() }
  mutating func long() throws(ImageError) -> Int { try short() << 16 | short() }

  mutating func take(_ count: Int) throws(ImageError) -> ArraySlice<UInt8> {
    guard count >= 0, remaining >= count else { throw .truncated }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func skip(_ count: Int) throws(ImageError) { _ = try take(count) }
}

extension ImageError {
  static let truncated = ImageError("a truncated picture")
}
