import Files
import Foundation

/// The cache of downloads, in the layout of `huggingface_hub`, which shares it.
///
/// `models--org--name/` holds `blobs/` named by their hash, `snapshots/COMMIT/` with a relative link for each file, and
/// `refs/` with the commit that a branch or tag stood for.
public struct HubCache: Sendable {
  public let path: String

  public init(_ settings: HubSettings = HubSettings()) { path = settings.cache }

  /// The folder of a snapshot, as far as it has been downloaded; nil when there is none.
  public func snapshot(of id: RepositoryID) throws -> String? {
    guard let commit = try commit(of: id) else { return nil }
    let snapshot = snapshotFolder(id, commit: commit)
    return Folder.exists(snapshot) ? snapshot : nil
  }

  /// Whether a snapshot can be loaded: a configuration, weights, and every shard that an index names.
  ///
  /// A configuration alone does not suffice: other programs fetch it to have a look at a model.
  public static func isWhole(_ snapshot: String) -> Bool {
    guard let names = try? Folder.names(in: snapshot) else { return false }
    let files = Set(names.filter { Folder.hasFile(Folder.join(snapshot, $0)) })
    let shards = files.filter { $0.hasSuffix(".safetensors.index.json") }.flatMap { index -> [String] in
      ShardNames.read(Folder.join(snapshot, index)) ?? ["an index that cannot be read"]
    }
    return files.count == names.filter { !Folder.exists(Folder.join(snapshot, $0)) }.count
      && FileSelection.configurations.contains(where: files.contains)
      && files.contains(where: FileSelection.isWeights) && shards.allSatisfy(files.contains)
  }

  func folder(of id: RepositoryID) -> String { Folder.join(path, id.folderName) }

  func snapshotFolder(_ id: RepositoryID, commit: String) -> String {
    Folder.join(Folder.join(folder(of: id), "snapshots"), commit)
  }

  func blob(_ id: RepositoryID, _ entityTag: String) -> String {
    Folder.join(Folder.join(folder(of: id), "blobs"), entityTag)
  }

  func lock(_ id: RepositoryID, _ entityTag: String) -> String {
    Folder.join(path, ".locks/\(id.folderName)/\(entityTag).lock")
  }

  private func reference(_ id: RepositoryID) -> String {
    Folder.join(Folder.join(folder(of: id), "refs"), id.revision)
  }

  private func commit(of id: RepositoryID) throws -> String? {
    let reference = reference(id)
    guard Folder.hasFile(reference) else { return id.revision.contains("/") ? nil : id.revision }
    let commit = String(decoding: try WholeFile.read(reference), as: UTF8.self).filter { !$0.isWhitespace }
    return PlainPath(commit)?.components.count == 1 ? commit : nil
  }

  /// Notes what commit a branch or tag stands for.
  func remember(_ id: RepositoryID, commit: String) throws {
    guard id.revision != commit else { return }
    let reference = reference(id)
    try Folder.create(Folder.containing(reference))
    try AtomicFile.write(reference, commit)
  }

  /// Makes the folder, and marks it as one that backups may leave out (bford.info/cachedir).
  func prepare() throws {
    try Folder.create(path)
    let tag = Folder.join(path, "CACHEDIR.TAG")
    if !Folder.hasFile(tag) { try AtomicFile.write(tag, Self.tag) }
  }

  static let tag = """
    Signature: 8a477f597d28d172789f06886806bc55
    # This folder is a cache, which programs fill again: see https://bford.info/cachedir/

    """

  /// Puts a blob into a snapshot as the file `name`, by a link that stays right when the cache is moved.
  func link(_ entityTag: String, as name: PlainPath, in snapshot: String) throws {
    let place = Folder.join(snapshot, name.text)
    if Folder.hasFile(place) { return }
    try Folder.create(Folder.containing(place))
    let up = [String](repeating: "..", count: name.components.count + 1)
    let target = (up + ["blobs", entityTag]).joined(separator: "/")
    // A link that leads nowhere is left from a blob that is gone.
    try Folder.removeFile(place)
    guard symlink(target, place) == 0 || errno == EEXIST else {
      throw FileError(
        code: .other, message: "cannot make a link, \(String(cString: strerror(errno)))", path: place,
        remedy: "choose a cache on a disk that has links (HF_HUB_CACHE), or pull with --local-dir")
    }
  }
}
