/// What went wrong in a chat template, and where.

/// Why a chat template could not be read or rendered.
public struct ChatTemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong. For a template's own `raise_exception`, the text it gave.
  public let message: String
  /// The line of the template, counted from 1, if it is known.
  public internal(set) var line: Int?

  init(_ message: String, line: Int? = nil) {
    self.message = message
    self.line = line
  }

  public var description: String {
    line.map { "chat template, line \($0): \(message)" } ?? "chat template: \(message)"
  }
}
