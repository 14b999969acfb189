/// What went wrong with a file, where, and what the user can do about it.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure, for callers that react differently to each.
  public enum Code: Sendable, Hashable {
    case notFound
    case permission
    case diskFull
    case other
  }

  public let code: Code
  /// What happened, without the path: `cannot open a file that does not exist`.
  public let message: String
  public let path: String
  public let remedy: String

  public init(code: Code, message: String, path: String, remedy: String) {
    self.code = code
    self.message = message
    self.path = path
    self.remedy = remedy
  }

  /// One line: `WHAT, WHERE: HOW TO FIX`.
  public var description: String { "\(message), \(path): \(remedy)" }
}
