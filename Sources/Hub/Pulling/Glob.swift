import Foundation

/// A pattern for the names of files in a repository, as `huggingface_hub` reads it: `*` stands for anything, slashes
/// included, and a folder for all that is in it.
struct Glob: Sendable {
  private let pattern: String

  init(_ text: String) { pattern = text.hasSuffix("/") ? text + "*" : text }

  func matches(_ name: String) -> Bool { fnmatch(pattern, name, 0) == 0 }
}
