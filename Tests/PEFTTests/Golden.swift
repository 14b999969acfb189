import JSON
import Testing

/// The folder of reference values, and what is read from it.
enum Golden {
  static let folder: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Golden"
  }()

  static func json(_ path: String) throws -> JSONValue {
    try JSONValue.parse(contentsOf: "\(folder)/\(path)")
  }
}
