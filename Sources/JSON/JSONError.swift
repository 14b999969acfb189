/// Where a JSON text stops being JSON, and why.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was found or expected: `expected ',' or '}'`.
  public let message: String
  /// Counted from 1.
  public let line: Int
  /// Counted from 1, in Unicode scalars.
  public let column: Int
  /// Counted from 0, in bytes.
  public let offset: Int
  /// The file the text came from, if it came from one.
  public var path: String?

  /// The error at byte `offset` of `bytes`; finds the line and column there.
  init(_ message: String, at offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
    var line = 1
    var column = 1
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.message = message
    self.line = line
    self.column = column
    self.offset = offset
  }

  public var description: String {
    (path.map { "\($0), " } ?? "") + "line \(line), column \(column): \(message)"
  }
}
