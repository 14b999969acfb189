import Files
import Foundation

/// A folder of a test's own, removed with everything in it when the test lets go of it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = Folder.join(NSTemporaryDirectory(), "hub-tests-" + UUID().uuidString)
    try Folder.create(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { Folder.join(path, name) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let path = self(name)
    try Folder.create(Folder.containing(path))
    try AtomicFile.write(path, bytes)
  }

  /// Every file and link below it, by path: what a link leads to, or what a file holds.
  func listing() throws -> [String: String] {
    var entries: [String: String] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init() {
      let full = self(name)
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: full) {
        entries[name] = "-> \(target)"
      } else if Folder.hasFile(full) {
        entries[name] = String(decoding: try WholeFile.read(full), as: UTF8.self)
      }
    }
    return entries
  }
}
