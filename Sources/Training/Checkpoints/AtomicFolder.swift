import Files
import Foundation

/// A folder that appears under its name complete or not at all, and goes away at once.
enum AtomicFolder {
  private static let prefix = ".tmp-"

  /// Lets `body` fill a folder that then takes the name `path`, replacing what was there.
  static func write(_ path: String, _ body: (_ folder: String) throws -> Void) throws {
    let parent = Folder.containing(path)
    try Folder.create(parent)
    let draft = Folder.join(parent, prefix + String(UInt64.random(in: .min ... .max), radix: 16))
    try Folder.create(draft)
    do {
      try body(draft)
      synchronize(draft)
      if Folder.exists(path) { try remove(path) }
      try move(draft, to: path)
    } catch {
      try? FileManager.default.removeItem(atPath: draft)
      throw error
    }
    synchronize(parent)
  }

  /// Removes a folder with all that is in it; its name is gone before its contents are.
  static func remove(_ path: String) throws {
    let hidden = Folder.join(
      Folder.containing(path), prefix + String(UInt64.random(in: .min ... .max), radix: 16))
    try move(path, to: hidden)
    try? FileManager.default.removeItem(atPath: hidden)
  }

  /// Removes what an interrupted process has left behind in `parent`.
  static func sweep(_ parent: String) throws {
    guard Folder.exists(parent) else { return }
    for name in try Folder.names(in: parent) where name.hasPrefix(prefix) {
      try? FileManager.default.removeItem(atPath: Folder.join(parent, name))
    }
  }

  private static func move(_ path: String, to target: String) throws {
    guard rename(path, target) == 0 else {
      throw FileError(
        code: .other, message: "cannot rename (\(String(cString: strerror(errno))))", path: path,
        remedy: "check who owns the folder, and its mode")
    }
  }

  private static func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
