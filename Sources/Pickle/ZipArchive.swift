import Files

/// The members of a ZIP file, read in place. Members must be stored, as torch and numpy store them.
///
/// Source: PKWARE's APPNOTE 6.3, sections 4.3.7 to 4.3.16, with the 64-bit extension.
public struct ZipArchive: Sendable {
  public let mapping: MappedFile
  /// By name, the range of bytes in ``mapping``.
  public let members: [String: Range<Int>]

  static func isZip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 4 && bytes.prefix(4).elementsEqual([0x50, 0x4B, 0x03, 0x04])
  }

  /// - Throws: ``PickleError`` for a file that is no such archive, or has compressed members.
  public init(_ mapping: MappedFile) throws {
    self.mapping = mapping
    let bytes = mapping.bytes
    var directory = try Self.directory(bytes)
    var members: [String: Range<Int>] = [:]
    var cursor = ByteCursor(bytes, at: directory.offset)
    while directory.count > 0 {
      directory.count -= 1
      let (name, range) = try Self.member(&cursor, bytes)
      guard members.updateValue(range, forKey: name) == nil else {
        throw PickleError("the archive has two members called \(name)")
      }
    }
    self.members = members
  }

  public func bytes(of name: String) -> UnsafeRawBufferPointer? {
    members[name].map { UnsafeRawBufferPointer(rebasing: mapping.bytes[$0]) }
  }

  /// Where the list of members is, from the record at the file's end.
  private static func directory(_ bytes: UnsafeRawBufferPointer) throws -> (offset: Int, count: Int) {
    let size = 22
    var start = bytes.count - size
    while start >= max(0, bytes.count - size - 65535) {
      var cursor = ByteCursor(bytes, at: start)
      if try cursor.number(UInt32.self) == 0x0605_4B50 {
        _ = try cursor.take(6)
        let count = Int(try cursor.number(UInt16.self))
        _ = try cursor.take(4)
        let offset = Int(try cursor.number(UInt32.self))
        guard count == 0xFFFF || offset == 0xFFFF_FFFF else { return (offset, count) }
        return try largeDirectory(bytes, before: start)
      }
      start -= 1
    }
    throw PickleError("the archive has no end: it is cut off")
  }

  private static func largeDirectory(_ bytes: UnsafeRawBufferPointer, before end: Int) throws -> (Int, Int) {
    var locator = ByteCursor(bytes, at: end - 20)
    guard try locator.number(UInt32.self) == 0x0706_4B50 else {
      throw PickleError("the archive's end is damaged")
    }
    _ = try locator.take(4)
    var record = ByteCursor(bytes, at: try locator.length(UInt64.self))
    guard try record.number(UInt32.self) == 0x0606_4B50 else {
      throw PickleError("the archive's end is damaged")
    }
    _ = try record.take(28)
    let count = try record.length(UInt64.self)
    _ = try record.take(8)
    return (try record.length(UInt64.self), count)
  }

  private static func member(
    _ cursor: inout ByteCursor, _ bytes: UnsafeRawBufferPointer
  ) throws -> (String, Range<Int>) {
    guard try cursor.number(UInt32.self) == 0x0201_4B50 else {
      throw PickleError("the archive's list is damaged")
    }
    _ = try cursor.take(6)
    let method = try cursor.number(UInt16.self)
    _ = try cursor.take(8)
    let packed = Int(try cursor.number(UInt32.self))
    var size = Int(try cursor.number(UInt32.self))
    let lengths = try (0..<3).map { _ in Int(try cursor.number(UInt16.self)) }
    _ = try cursor.take(8)
    var place = Int(try cursor.number(UInt32.self))
    let name = try cursor.text(lengths[0])
    var extra = ByteCursor(try cursor.take(lengths[1]))
    _ = try cursor.take(lengths[2])
    while !extra.isAtEnd {
      let (kind, count) = (try extra.number(UInt16.self), Int(try extra.number(UInt16.self)))
      var field = ByteCursor(try extra.take(count))
      guard kind == 1 else { continue }
      if size == 0xFFFF_FFFF { size = try field.length(UInt64.self) }
      if packed == 0xFFFF_FFFF { _ = try field.take(8) }
      if place == 0xFFFF_FFFF { place = try field.length(UInt64.self) }
    }
    guard method == 0 else {
      throw PickleError("the member \(name) is compressed: save the file again without compression")
    }
    var local = ByteCursor(bytes, at: place)
    guard try local.number(UInt32.self) == 0x0403_4B50 else {
      throw PickleError("the member \(name) is damaged")
    }
    _ = try local.take(22)
    let skipped = Int(try local.number(UInt16.self)) + Int(try local.number(UInt16.self))
    _ = try local.take(skipped)
    let start = local.offset
    _ = try local.take(size)
    return (name, start..<(start + size))
  }
}
