import Files
import Foundation

/// A folder for a test's files, removed with the value.
final class Scratch {
  let folder: String

  init() throws {
    folder = Folder.join(NSTemporaryDirectory(), "peft-\(UInt64.random(in: .min ... .max))")
    try Folder.create(folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { Folder.join(folder, name) }

  /// Writes a file and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    try AtomicFile.write(path(name), text)
    return path(name)
  }
}

/// Reference values made with Hugging Face's libraries.
enum Golden {
  static let root =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"
  static func path(_ name: String) -> String { Folder.join(root, name) }
}
