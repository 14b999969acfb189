import Foundation
import JSON

/// The files of one push, sorted into those that go into the commit and those that are stored beside it.
struct Commit {
  let id: RepositoryID
  let client: HubClient
  let options: PushOptions
  private(set) var small: [UploadFile] = []
  private(set) var large: [LargeFiles.Item] = []

  private static let batchSize = 256

  init(id: RepositoryID, client: HubClient, options: PushOptions) {
    (self.id, self.client, self.options) = (id, client, options)
  }

  var isEmpty: Bool { small.isEmpty && large.isEmpty }
  var names: [String] { (small.map(\.name.text) + large.map(\.file.name.text)).sorted() }

  private func address(_ verb: String) throws -> WebAddress {
    let query = options.createsPullRequest ? "?create_pr=1" : ""
    return try client.address("api/models/\(id.path)/\(verb)/\(WebAddress.escaped(id.revision))\(query)")
  }

  /// Asks the hub which files are large (`preupload`), and leaves out what it ignores or has.
  ///
  /// - Returns: the files that are left.
  mutating func sort(_ files: [UploadFile]) throws -> [UploadFile] {
    for start in stride(from: 0, to: files.count, by: Self.batchSize) {
      let batch = files[start..<min(start + Self.batchSize, files.count)]
      let answers = try modes(of: Array(batch))
      for file in batch {
        guard let answer = answers[file.name.text] else {
          throw HubError(
            .unavailable,
            "\(client.endpoint.host) does not say how to send \(file.name.text), \(id): check HF_ENDPOINT, or try later"
          )
        }
        if answer.isIgnored { continue }
        // An empty file has nothing to store.
        if answer.isLarge, file.size > 0 {
          let hash = try file.sha256()
          if hash != answer.hash { large.append(LargeFiles.Item(file: file, hash: hash)) }
        } else if try file.gitHash() != answer.hash {
          small.append(file)
        }
      }
    }
    return small + large.map(\.file)
  }

  private struct Mode {
    let isLarge, isIgnored: Bool
    /// Of what the hub has under this name.
    let hash: String?
  }

  private func modes(of files: [UploadFile]) throws -> [String: Mode] {
    let entries: [JSONValue] = try files.map { file in
      [
        "path": .string(file.name.text), "sample": .string(Data(try file.sample()).base64EncodedString()),
        "size": .int(file.size),
      ]
    }
    let json = try client.json(
      to: client.post(["files": .array(entries)], to: address("preupload")), about: "\(id)")
    var modes: [String: Mode] = [:]
    for file in json["files"]?.arrayValue ?? [] {
      guard let path = file["path"]?.stringValue, let mode = file["uploadMode"]?.stringValue,
        ["lfs", "regular"].contains(mode)
      else { continue }
      modes[path] = Mode(
        isLarge: mode == "lfs", isIgnored: file["shouldIgnore"]?.boolValue ?? false,
        hash: file["oid"]?.stringValue)
    }
    return modes
  }

  /// Makes the commit, a line of JSON for each file. It is sent once: a second time might make a second commit.
  func send() throws -> (address: String, commit: String) {
    var lines: [JSONValue] = [
      ["key": "header", "value": ["summary": .string(options.message), "description": ""]]
    ]
    for file in small {
      let content = Data(try file.bytes()).base64EncodedString()
      let value: JSONValue = [
        "content": .string(content), "path": .string(file.name.text), "encoding": "base64",
      ]
      lines.append(["key": "file", "value": value])
    }
    for item in large {
      let value: JSONValue = [
        "path": .string(item.file.name.text), "algo": "sha256", "oid": .string(item.hash),
        "size": .int(item.file.size),
      ]
      lines.append(["key": "lfsFile", "value": value])
    }
    let body = lines.map { $0.serialized(ascii: false, compact: true) + "\n" }.joined()
    let request = HTTPRequest(
      method: .post, address: try address("commit"), headers: [("Content-Type", "application/x-ndjson")],
      body: .bytes(Array(body.utf8)))
    let json = try client.json(to: request, about: "\(id)", retries: client.settings.retries.once)
    guard let commit = json["commitOid"]?.stringValue else {
      throw HubError(
        .unavailable,
        "\(client.endpoint.host) does not confirm the commit, \(id): look at it before trying again")
    }
    let address = json["pullRequestUrl"]?.stringValue ?? json["commitUrl"]?.stringValue
    return (address ?? "\(client.settings.endpoint)/\(id.path)/commit/\(commit)", commit)
  }
}
