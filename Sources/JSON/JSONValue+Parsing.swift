/// Reading JSON: RFC 8259, plus the `NaN`, `Infinity` and `-Infinity` that Python's `json` accepts.

import Files

/// What to do with a key that an object repeats.
public enum JSONDuplicateKeys: Sendable {
  /// The last value stands, at the place of the first, as in Python.
  case lastWins
  /// The text is refused.
  case error
}

extension JSONValue {
  /// Arrays and objects nested deeper than this are refused.
  public static let depthLimit = 512

  /// The value that UTF-8 `bytes` spell; a byte order mark in front is skipped.
  ///
  /// Escapes of lone surrogates become U+FFFD; numbers keep their spelling whatever their size.
  ///
  /// - Throws: `JSONError` with the place of the first byte that is out of place.
  public static func parse(
    _ bytes: some Collection<UInt8>, duplicateKeys: JSONDuplicateKeys = .lastWins
  ) throws(JSONError) -> JSONValue {
    func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONError> {
      var parser = JSONParser(bytes, duplicateKeys: duplicateKeys)
      do throws(JSONError) {
        return .success(try parser.document())
      } catch {
        return .failure(error)
      }
    }
    if let result = bytes.withContiguousStorageIfAvailable(parse) { return try result.get() }
    return try Array(bytes).withUnsafeBufferPointer(parse).get()
  }

  /// The value that `text` spells.
  public static func parse(
    _ text: String, duplicateKeys: JSONDuplicateKeys = .lastWins
  ) throws(JSONError) -> JSONValue {
    try parse(text.utf8, duplicateKeys: duplicateKeys)
  }

  /// The value in the file at `path`.
  ///
  /// - Throws: `FileError` if the file cannot be read, `JSONError` naming the file if it is not JSON.
  public static func parse(
    contentsOf path: String, duplicateKeys: JSONDuplicateKeys = .lastWins
  ) throws -> JSONValue {
    let bytes = try WholeFile.read(path)
    do {
      return try parse(bytes, duplicateKeys: duplicateKeys)
    } catch {
      var error = error
      error.path = path
      throw error
    }
  }
}
