extension Hub {
  /// The folder of a model or an adapter: the snapshot in the cache where it is whole, else what is pulled now.
  ///
  /// - Throws: ``HubError`` when there is none, or it cannot be had.
  public func folder(of id: RepositoryID) throws -> String {
    let cached = try HubCache(settings).snapshot(of: id)
    if let cached, HubCache.isWhole(cached) { return cached }
    do {
      progress.note("\(id) is not here yet: pulling it from \(settings.host)")
      return try pull(id).folder
    } catch let error as HubError {
      if let cached, error.code == .unavailable {
        progress.note("warning: \(error); what is in the cache is used")
        return cached
      }
      throw HubError(error.code, "no folder called \(id), and not in the cache; \(error)")
    }
  }
}
