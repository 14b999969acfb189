import Files

/// A repository that was pulled.
public struct PulledRepository: Sendable {
  /// The snapshot in the cache, or the folder that was asked for.
  public let folder: String
  public let commit: String
  public let files: [String]
  /// What had to be moved; the rest was there.
  public let downloadedBytes: Int
}

extension Hub {
  /// Downloads a model or an adapter into the cache, or into a folder of its own. What is there already is not fetched
  /// again, and what was cut is continued. Every file is checked against the hash that the hub names it by.
  ///
  /// - Parameters:
  ///   - files: which; configurations, tokenizer and weights unless told otherwise.
  ///   - localFolder: a folder to put the files into instead of the cache, in the layout of `huggingface_hub`'s
  ///     `local_dir`.
  /// - Throws: ``HubError``, and `FileError` when the disk does not take it.
  public func pull(
    _ id: RepositoryID, _ files: FileSelection = FileSelection(), to localFolder: String? = nil
  ) throws -> PulledRepository {
    let client = try HubClient(settings)
    let listing = try RepositoryListing(of: id, from: client)
    let chosen = files.choose(from: listing.files)
    guard !chosen.isEmpty else {
      throw HubError(
        .notFound,
        "none of the \(listing.files.count) files is of use here, in \(id): name some with --include")
    }
    let place: any PullPlace =
      try localFolder.map { try LocalFolder($0, commit: listing.commit) }
      ?? CachedSnapshot(HubCache(settings), id, commit: listing.commit)
    let missing = chosen.filter { !place.has($0) }
    let remote = try Workers.map(missing) { name in
      try RemoteFile(name, of: id, commit: listing.commit, from: client)
    }
    let total = remote.reduce(0) { $0 + ($1.size ?? 0) }
    try Self.checkSpace(total, at: place.folder)
    let moved = ByteCount(total: total, progress)
    // Configurations come last, when all else is there.
    let isLast = { (file: RemoteFile) in FileSelection.configurations.contains(file.name.text) }
    for group in [remote.filter { !isLast($0) }, remote.filter(isLast)] {
      try Workers.forEach(group) { try place.fetch($0, by: client, moved) }
    }
    try place.finish()
    return PulledRepository(
      folder: place.folder, commit: listing.commit, files: chosen.map(\.text),
      downloadedBytes: moved.transferred)
  }

  private static func checkSpace(_ bytes: Int, at folder: String) throws {
    guard let free = Folder.freeSpace(at: folder), free < bytes else { return }
    throw FileError(
      code: .diskFull, message: "\(bytes >> 20) MB do not fit, \(free >> 20) MB are free", path: folder,
      remedy: "free some space, or choose another disk (HF_HUB_CACHE)")
  }
}

/// Where pulled files go.
protocol PullPlace: Sendable {
  var folder: String { get }
  /// Whether a file is there as this commit has it.
  func has(_ name: PlainPath) -> Bool
  func fetch(_ file: RemoteFile, by client: HubClient, _ moved: ByteCount) throws
  /// Everything is there.
  func finish() throws
}
