import Files
import Foundation

/// A file to be pushed: from the disk, or made up for the upload.
struct UploadFile: Sendable {
  enum Source: Sendable {
    case disk(String)
    case memory([UInt8])
  }

  let name: PlainPath
  let source: Source
  let size: Int

  init(_ name: PlainPath, at path: String) {
    (self.name, source, size) = (name, .disk(path), Folder.size(of: path) ?? 0)
  }

  init(_ name: PlainPath, _ bytes: [UInt8]) {
    (self.name, source, size) = (name, .memory(bytes), bytes.count)
  }

  func bytes() throws -> [UInt8] {
    switch source {
    case .disk(let path): try WholeFile.read(path)
    case .memory(let bytes): bytes
    }
  }

  /// What the server looks at to tell texts from binaries.
  func sample() throws -> [UInt8] {
    switch source {
    case .disk(let path):
      let file = try MappedFile(path: path)
      return withExtendedLifetime(file) { Array(file.bytes.prefix(512)) }
    case .memory(let bytes): return Array(bytes.prefix(512))
    }
  }

  func part(from offset: Int, count: Int) -> HTTPRequest.Body {
    switch source {
    case .disk(let path): .file(path: path, offset: offset, count: count)
    case .memory(let bytes): .bytes(Array(bytes.dropFirst(offset).prefix(count)))
    }
  }

  func gitHash() throws -> String {
    switch source {
    case .disk(let path): try FileHash.git(ofFile: path)
    case .memory(let bytes): FileHash.git(of: bytes)
    }
  }

  func sha256() throws -> String {
    switch source {
    case .disk(let path): try FileHash.sha256(ofFile: path)
    case .memory(let bytes): FileHash.sha256(of: bytes)
    }
  }
}

/// What of a folder is pushed, and what is left out because only a training needs it.
struct UploadFolder {
  private(set) var files: [UploadFile] = []
  /// By the name of the folder or file, how many files it stands for.
  private(set) var leftOut: [(name: String, count: Int)] = []

  /// - Parameter includesState: whether checkpoints and the optimizer's state are pushed too.
  /// - Throws: `FileError` when the folder cannot be read.
  init(_ folder: String, includesState: Bool) throws {
    try gather(folder, below: [], includesState: includesState)
    files.sort { $0.name.text < $1.name.text }
  }

  private mutating func gather(_ folder: String, below components: [String], includesState: Bool) throws {
    for name in try Folder.names(in: folder) where !Self.isHidden(name) {
      let path = Folder.join(folder, name)
      let full = (components + [name]).joined(separator: "/")
      guard let plain = PlainPath(full) else {
        throw FileError(
          code: .other, message: "a name that the hub does not take", path: path,
          remedy: "give it another name")
      }
      let isFolder = Folder.exists(path)
      if Self.isState(name, isFolder: isFolder), !includesState {
        leftOut.append((full + (isFolder ? "/" : ""), isFolder ? try Self.count(path) : 1))
      } else if isFolder {
        // A link to a folder may lead in circles.
        guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) == nil else { continue }
        try gather(path, below: components + [name], includesState: includesState)
      } else if Folder.hasFile(path) {
        files.append(UploadFile(plain, at: path))
      }
    }
  }

  /// Version control, caches, and what other programs and a write under way keep for themselves.
  private static func isHidden(_ name: String) -> Bool {
    name.hasPrefix(".") && name != ".gitattributes" || name == "__pycache__" || name.hasSuffix(".incomplete")
  }

  /// What our runs and transformers' Trainer keep to go on with a training.
  private static func isState(_ name: String, isFolder: Bool) -> Bool {
    if isFolder { return name == "checkpoints" || name.hasPrefix("checkpoint-") }
    let stem = name.prefix { $0 != "." }
    return ["optimizer", "scheduler", "trainer_state", "training_args", "scaler", "trainer"].contains(
      String(stem))
      || stem.hasPrefix("rng_state") || stem.hasPrefix("optimizer-")
  }

  private static func count(_ folder: String) throws -> Int {
    FileManager.default.enumerator(atPath: folder)?.reduce(0) { count, entry in
      Folder.hasFile(Folder.join(folder, "\(entry)")) ? count + 1 : count
    } ?? 0
  }
}
