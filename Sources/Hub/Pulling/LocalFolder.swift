import Files
import Foundation

/// A folder of the user's that a repository is pulled into. What is known of its files is kept beside them, below
/// `.cache/huggingface/download`, as `huggingface_hub` does it.
struct LocalFolder: PullPlace {
  let folder: String
  private let commit: String
  private var records: String { Folder.join(folder, ".cache/huggingface") }

  init(_ folder: String, commit: String) throws {
    if Folder.hasFile(folder) {
      throw FileError(
        code: .other, message: "a file is in the way", path: folder, remedy: "name a folder with --local-dir")
    }
    (self.folder, self.commit) = (folder, commit)
    try Folder.create(Folder.join(records, "download"))
    let ignore = Folder.join(records, ".gitignore")
    if !Folder.hasFile(ignore) { try AtomicFile.write(ignore, "*") }
  }

  private func place(_ name: PlainPath) -> String { Folder.join(folder, name.text) }
  private func record(_ name: PlainPath) -> String {
    Folder.join(records, "download/\(name.text).metadata")
  }

  /// A record says commit, entity tag, and when both were right; a file that was changed since is not trusted.
  func has(_ name: PlainPath) -> Bool {
    guard let record = recorded(name), record.commit == commit else { return false }
    return isUntouched(name, since: record.time)
  }

  private func recorded(_ name: PlainPath) -> (commit: String, entityTag: String, time: Double)? {
    guard let bytes = try? WholeFile.read(record(name)) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    guard lines.count >= 3, let time = Double(lines[2]) else { return nil }
    return (lines[0], lines[1], time)
  }

  private func isUntouched(_ name: PlainPath, since time: Double) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: place(name))
    guard let changed = attributes?[.modificationDate] as? Date else { return false }
    return changed.timeIntervalSince1970 - 1 <= time
  }

  func fetch(_ file: RemoteFile, by client: HubClient, _ moved: ByteCount) throws {
    let (place, record) = (place(file.name), record(file.name))
    try Folder.create(Folder.containing(record))
    let lock = try FileLock(Folder.join(records, "download/\(file.name.text).lock"))
    try withExtendedLifetime(lock) {
      try Folder.create(Folder.containing(place))
      if try !isSame(file) {
        let partial = Folder.join(Folder.containing(record), "\(file.name.name).\(file.entityTag).incomplete")
        try Download(file: file, partial: partial, client: client, moved: moved).run(to: place)
      }
      let time = Date().timeIntervalSince1970
      try AtomicFile.write(record, "\(commit)\n\(file.entityTag)\n\(time)\n")
    }
  }

  /// Whether another commit's file is the same one.
  private func isSame(_ file: RemoteFile) throws -> Bool {
    guard Folder.hasFile(place(file.name)), let hash = file.hash else { return false }
    return try hash.matches(place(file.name))
  }

  func finish() throws {}
}
