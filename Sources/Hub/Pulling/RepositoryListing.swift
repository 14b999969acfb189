import JSON

/// What the hub says a revision consists of.
struct RepositoryListing: Sendable {
  let commit: String
  let files: [PlainPath]

  /// Asks the hub (`GET /api/models/ID/revision/REVISION`).
  ///
  /// - Throws: ``HubError``, also for names that would leave the folder.
  init(of id: RepositoryID, from client: HubClient) throws {
    let path = "api/models/\(id.path)/revision/\(WebAddress.escaped(id.revision))"
    let json = try client.json(to: HTTPRequest(address: client.address(path)), about: "\(id)")
    guard let commit = json["sha"]?.stringValue, RepositoryID.isCommit(commit),
      let siblings = json["siblings"]?.arrayValue
    else {
      throw HubError(
        .unavailable, "\(client.endpoint.host) does not say what is in \(id): check HF_ENDPOINT, or try later"
      )
    }
    self.commit = commit
    files = try siblings.map { sibling in
      let name = sibling["rfilename"]?.stringValue ?? ""
      guard let path = PlainPath(name) else {
        throw HubError(
          .notFound,
          "a file is called '\(name.prefix(100))', which would leave the folder, in \(id): do not use it")
      }
      return path
    }
  }
}
