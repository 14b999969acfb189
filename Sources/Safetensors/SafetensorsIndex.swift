/// The index of a sharded checkpoint: which file each tensor is in, and nothing outside its folder.

import Files
import JSON

struct SafetensorsIndex {
  let path: String
  /// Tensor names to file names, in the order of the index.
  let weightMap: [(name: String, fileName: String)]

  /// - Throws: `FileError`, `JSONError` or `SafetensorsError` if the file cannot be read, is no JSON, or
  ///   maps no tensors to files.
  init(path: String) throws {
    let root = try JSONValue.parse(contentsOf: path, duplicateKeys: .error)
    guard let members = root["weight_map"]?.objectValue else {
      throw SafetensorsError.malformed("the index has no weight_map", path)
    }
    weightMap = try members.map { name, value in
      guard let fileName = value.stringValue else {
        throw SafetensorsError.malformed("the index maps \(quoted(name)) to no file name", path)
      }
      return (name, fileName)
    }
    self.path = path
  }

  /// The files named, each once, in the order in which they are first named.
  var fileNames: [String] {
    var seen: Set<ByteString> = []
    return weightMap.map(\.fileName).filter { seen.insert(ByteString($0)).inserted }
  }

  /// Where the shard `fileName` is.
  ///
  /// - Throws: `SafetensorsError` if that is not below the folder of the index, or there is nothing.
  func shardPath(_ fileName: String) throws -> String {
    let components = fileName.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = components.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    guard isPlain, !fileName.utf8.contains(0), !fileName.utf8.contains(UInt8(ascii: "\\")) else {
      throw outside(fileName)
    }
    let folder = Folder.containing(path)
    let shard = Folder.join(folder, fileName)
    guard Folder.hasFile(shard) else {
      throw SafetensorsError(
        code: .notFound, message: "the index names \(quoted(fileName)), which is missing", path: path,
        remedy: "download the missing file into the folder")
    }
    let (realFolder, realShard) = (try Folder.resolved(folder), try Folder.resolved(shard))
    let allowed = [realFolder] + (Self.hubBlobs(of: realFolder).map { [$0] } ?? [])
    guard allowed.contains(where: { realShard.utf8.starts(with: Folder.join($0, "").utf8) }) else {
      throw outside(fileName)
    }
    return shard
  }

  private func outside(_ fileName: String) -> SafetensorsError {
    SafetensorsError(
      code: .malformed, message: "the index names \(quoted(fileName)), which is outside its folder",
      path: path,
      remedy: "put the shards beside the index and name them without folders or links")
  }

  /// Hugging Face's cache keeps `snapshots/REVISION/` full of links into `blobs/` beside `snapshots`.
  private static func hubBlobs(of folder: String) -> String? {
    var (inner, outer) = (folder, Folder.containing(folder))
    while outer != inner {
      if outer.hasSuffix("/snapshots") { return Folder.join(Folder.containing(outer), "blobs") }
      (inner, outer) = (outer, Folder.containing(outer))
    }
    return nil
  }
}
