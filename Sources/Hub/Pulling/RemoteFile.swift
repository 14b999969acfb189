import Foundation

/// A file of a repository: where it is, what its content is called, and how large it is.
struct RemoteFile: Sendable {
  let name: PlainPath
  let address: WebAddress
  /// What its blob is called in the cache.
  let entityTag: String
  /// In bytes; nil where the server does not say.
  let size: Int?

  var hash: FileHash? { FileHash(entityTag: entityTag) }

  /// Asks for the headers of `ID/resolve/COMMIT/NAME`. A large file answers with a redirect to where it is stored,
  /// whose own entity tag and length are not the file's.
  init(_ name: PlainPath, of id: RepositoryID, commit: String, from client: HubClient) throws {
    let path = "\(id.path)/resolve/\(commit)/\(WebAddress.escaped(name.text, keepingSlashes: true))"
    let subject = "\(name.text) of \(id)"
    let address = try client.address(path)
    let head = try client.answer(
      to: HTTPRequest(method: .head, address: address), about: subject, staysHome: true
    ).head
    if let actual = head["x-repo-commit"], actual != commit {
      throw HubError(.unavailable, "\(subject) is of another commit, \(actual): try again")
    }
    var tag = head["x-linked-etag"] ?? head["etag"] ?? ""
    if tag.hasPrefix("W/") { tag.removeFirst(2) }
    tag = tag.trimmingCharacters(in: ["\""])
    guard PlainPath(tag)?.components.count == 1, tag.utf8.count < 200 else {
      throw HubError(
        .unavailable, "\(client.endpoint.host) sends no usable ETag, for \(subject): check HF_ENDPOINT")
    }
    let length = head["x-linked-size"] ?? (head.isRedirect ? nil : head["content-length"])
    (self.name, self.address, entityTag) = (name, address, tag)
    size = length.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }
}
