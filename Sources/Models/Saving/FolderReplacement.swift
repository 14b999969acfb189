import Files
import Foundation

/// Making a folder so that its name never shows half of it.
public enum FolderReplacement {
  /// Lets `body` fill a temporary folder beside `folder`, then gives it that name.
  ///
  /// - Parameter overwrite: whether a folder that is not empty is replaced; it stays until the new one is complete.
  /// - Throws: ``ModelError`` when there is one and it must not be replaced; what `body` throws. Nothing is left then.
  public static func write(
    _ folder: String, overwrite: Bool = false, _ body: (_ temporary: String) throws -> Void
  ) throws {
    if Folder.hasFile(folder) { throw ModelError("\(folder) is a file: name a folder") }
    let isTaken = try Folder.exists(folder) && !Folder.names(in: folder).isEmpty
    guard overwrite || !isTaken else {
      throw ModelError("the folder \(folder) is not empty: use --overwrite, or name another")
    }
    let parent = Folder.containing(folder)
    try Folder.create(parent)
    let mark = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = Folder.join(parent, ".tmp-\(mark)")
    let files = FileManager.default
    defer { try? files.removeItem(atPath: temporary) }
    try Folder.create(temporary)
    try body(temporary)
    do {
      if Folder.exists(folder) {
        let old = Folder.join(parent, ".old-\(mark)")
        try files.moveItem(atPath: folder, toPath: old)
        do {
          try files.moveItem(atPath: temporary, toPath: folder)
        } catch {
          try? files.moveItem(atPath: old, toPath: folder)
          throw error
        }
        try? files.removeItem(atPath: old)
      } else {
        try files.moveItem(atPath: temporary, toPath: folder)
      }
    } catch {
      throw ModelError(
        "cannot name the folder \(folder): \(error.localizedDescription); check its permissions")
    }
  }
}
