/// What is wrong with a safetensors file, an index or a request, where, and what to do about it.

import JSON

public struct SafetensorsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure, for callers that react differently to each.
  public enum Code: Sendable, Hashable {
    /// The bytes do not follow the format.
    case malformed
    /// The index and the shards of a checkpoint do not agree.
    case disagreement
    /// There is no such checkpoint, shard or tensor.
    case notFound
    /// What the caller wants written, or asks for, cannot be.
    case invalidRequest
  }

  public let code: Code
  public let message: String
  public let path: String
  public let remedy: String

  public init(code: Code, message: String, path: String, remedy: String) {
    self.code = code
    self.message = message
    self.path = path
    self.remedy = remedy
  }

  static func malformed(_ message: String, _ path: String) -> SafetensorsError {
    SafetensorsError(
      code: .malformed, message: message, path: path, remedy: "download or write the file again")
  }

  /// One line: `WHAT, WHERE: HOW TO FIX`.
  public var description: String { "\(message), \(path): \(remedy)" }
}

/// A name from a file, in quotes, on one line and of bearable length, for error messages.
func quoted(_ name: String) -> String {
  JSONValue.string(name.unicodeScalars.count > 200 ? String(name.unicodeScalars.prefix(200)) + "..." : name)
    .serialized(ascii: false)
}
