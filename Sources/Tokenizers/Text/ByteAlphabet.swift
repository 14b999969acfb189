/// The 256 printable characters that byte-level tokenizers write bytes as (GPT-2's `bytes_to_unicode`).
enum ByteAlphabet {
  /// The character each byte is written as.
  static let scalars: Block<UInt32> = {
    let table = Block<UInt32>(repeating: 0, count: 256)
    var next: UInt32 = 256
    for byte in 0..<UInt32(256) {
      let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      table.base[Int(byte)] = isPrintable ? byte : next
      if !isPrintable { next += 1 }
    }
    return table
  }()

  /// The byte each character stands for, below `limit`; -1 for characters outside the alphabet.
  private static let bytes: Block<Int16> = {
    let table = Block<Int16>(repeating: -1, count: Int(limit))
    for byte in 0..<256 { table.base[Int(scalars.base[byte])] = Int16(byte) }
    return table
  }()

  private static let limit: UInt32 = 0x144

  /// The byte a character stands for.
  @inline(__always)
  static func byte(_ scalar: UInt32) -> UInt8? {
    guard scalar < limit, bytes.base[Int(scalar)] >= 0 else { return nil }
    return UInt8(truncatingIfNeeded: bytes.base[Int(scalar)])
  }

  /// The bytes that a text stands for, or nil when some character is outside the alphabet.
  static func decoded(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      let first = text[position]
      if first < 0x80 {
        guard let byte = byte(UInt32(first)) else { return nil }
        decoded.append(byte)
        position += 1
        continue
      }
      guard first >= 0xC0, first < 0xE0, position + 1 < text.count,
        let byte = byte(UInt32(first & 0x1F) << 6 | UInt32(text[position + 1] & 0x3F))
      else { return nil }
      decoded.append(byte)
      position += 2
    }
    return decoded
  }

  /// Bytes written as characters.
  static func encoded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    for byte in bytes { append(scalars.base[Int(byte)], to: &text) }
    return text
  }
}
