/// A place in a file's bytes that moves on as they are read, and never past their end.
struct ByteCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) { (self.bytes, self.offset) = (bytes, offset) }

  var isAtEnd: Bool { offset >= bytes.count }

  /// - Throws: ``PickleError`` when fewer than `count` bytes are left.
  mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, offset >= 0, offset <= bytes.count, count <= bytes.count - offset else {
      throw PickleError("the file ends in the middle of a value")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  /// A little-endian number.
  mutating func number<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
    Value(littleEndian: try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
  }

  /// The length of what follows.
  mutating func length<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Int {
    guard let count = Int(exactly: try number(type)), count >= 0 else {
      throw PickleError("a length is out of range")
    }
    return count
  }

  mutating func text(_ count: Int) throws -> String { String(decoding: try take(count), as: UTF8.self) }

  /// The text up to a line feed, which is taken too.
  mutating func line() throws -> String {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[min(offset, bytes.count)...])
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw PickleError("a line does not end") }
    let text = try text(end)
    _ = try take(1)
    return text
  }
}
