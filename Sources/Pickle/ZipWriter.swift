import Files

/// Writes a ZIP file of stored members, each beginning at a multiple of 64 bytes, as torch does.
public struct ZipWriter {
  private var entries: [(name: String, crc: UInt32, size: Int, offset: Int)] = []
  private var offset = 0
  private let file: AtomicFile

  public init(_ path: String) throws { file = try AtomicFile(path) }

  public mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count < 0xFFFF_FFFF, offset < 0xFFFF_FFFF - bytes.count else {
      throw PickleError("the file would exceed 4 GB: write safetensors instead")
    }
    let crc = Self.crc(bytes)
    let plain = offset + 30 + name.utf8.count
    let padding = (64 - (plain + 4) % 64) % 64
    var header: [UInt8] = []
    header.append(numbers: 0x0403_4B50 as UInt32)
    header.append(numbers: 0 as UInt16, 0, 0, 0, 0x21)
    header.append(numbers: crc, UInt32(bytes.count), UInt32(bytes.count))
    header.append(numbers: UInt16(name.utf8.count), UInt16(padding + 4))
    header += Array(name.utf8)
    // An extra field that readers skip puts the data where it is aligned.
    header.append(numbers: 0x4246 as UInt16, UInt16(padding))
    header += Array(repeating: 0x5A, count: padding)
    try header.withUnsafeBytes { try file.write($0) }
    try file.write(bytes)
    entries.append((name, crc, bytes.count, offset))
    offset += header.count + bytes.count
  }

  /// Writes the list of members and gives the file its name.
  public func finish() throws {
    var list: [UInt8] = []
    for entry in entries {
      list.append(numbers: 0x0201_4B50 as UInt32)
      list.append(numbers: 0 as UInt16, 0, 0, 0, 0, 0x21)
      list.append(numbers: entry.crc, UInt32(entry.size), UInt32(entry.size))
      list.append(numbers: UInt16(entry.name.utf8.count), 0, 0, 0, 0)
      list.append(numbers: 0 as UInt32, UInt32(entry.offset))
      list += Array(entry.name.utf8)
    }
    let size = list.count
    list.append(numbers: 0x0605_4B50 as UInt32)
    list.append(numbers: 0 as UInt16, 0, UInt16(entries.count), UInt16(entries.count))
    list.append(numbers: UInt32(size), UInt32(offset))
    list.append(numbers: 0 as UInt16)
    try list.withUnsafeBytes { try file.write($0) }
    try file.commit()
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }

  private static func crc(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(numbers: Number...) {
    for number in numbers { Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) } }
  }
}
