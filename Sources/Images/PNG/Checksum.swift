/// The checksum of a PNG file's chunks.
enum Checksum {
  /// CRC-32 over a chunk's type and body, as ISO 3309 and the PNG specification define it.
  static func crc32(_ type: [UInt8], _ body: ArraySlice<UInt8>) -> UInt32 {
    ~body.reduce(type.reduce(~0, add), add)
  }

  private static func add(_ sum: UInt32, _ byte: UInt8) -> UInt32 {
    table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8)
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }
}
