import Files

/// A snapshot in the cache, being filled.
struct CachedSnapshot: PullPlace {
  private let cache: HubCache
  private let id: RepositoryID
  private let commit: String
  let folder: String

  init(_ cache: HubCache, _ id: RepositoryID, commit: String) throws {
    (self.cache, self.id, self.commit) = (cache, id, commit)
    folder = cache.snapshotFolder(id, commit: commit)
    try cache.prepare()
    try Folder.create(folder)
  }

  func has(_ name: PlainPath) -> Bool { Folder.hasFile(Folder.join(folder, name.text)) }

  func fetch(_ file: RemoteFile, by client: HubClient, _ moved: ByteCount) throws {
    let blob = cache.blob(id, file.entityTag)
    let lock = try FileLock(cache.lock(id, file.entityTag))
    try withExtendedLifetime(lock) {
      if !Folder.hasFile(blob) {
        let download = Download(file: file, partial: blob + ".incomplete", client: client, moved: moved)
        try download.run(to: blob)
      }
      try cache.link(file.entityTag, as: file.name, in: folder)
    }
  }

  func finish() throws { try cache.remember(id, commit: commit) }
}
