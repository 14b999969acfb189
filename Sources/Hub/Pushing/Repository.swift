import JSON

/// A repository that is to be pushed to.
struct Repository {
  let id: RepositoryID
  let client: HubClient

  /// Makes the repository and the branch unless they are there.
  ///
  /// - Throws: ``HubError`` when the token does not allow it.
  func ensure(isPrivate: Bool, branch: Bool) throws {
    var body: JSONObject = [
      "name": .string(id.name), "organization": id.organization.map(JSONValue.string) ?? .null,
      "type": "model",
    ]
    if isPrivate { body["visibility"] = "private" }
    do {
      _ = try client.answer(
        to: client.post(.object(body), to: client.address("api/repos/create")), about: id.path,
        allowing: [409])
    } catch let error as HubError where error.code == .refused {
      // A token for this repository only may not make any, and need not.
      let request = HTTPRequest(address: try client.address("api/models/\(id.path)"))
      guard (try? client.answer(to: request, about: id.path)) != nil else { throw error }
    }
    // References such as refs/pr/1 are not made like branches.
    guard branch, id.revision != RepositoryID.defaultRevision, !id.revision.hasPrefix("refs/") else { return }
    let address = try client.address("api/models/\(id.path)/branch/\(WebAddress.escaped(id.revision))")
    _ = try client.answer(to: client.post([:], to: address), about: "\(id)", allowing: [409])
  }
}
