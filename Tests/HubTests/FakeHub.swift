import Files
import Foundation
import JSON

@testable import Hub

/// A hub with one repository, and the server beside it that stores large files, as huggingface.co behaves.
final class FakeHub: Sendable {
  typealias Request = FakeServer.Request
  typealias Response = FakeServer.Response

  static let commit = "0123456789abcdef0123456789abcdef01234567"

  struct State: Sendable {
    var files: [String: [UInt8]]
    var large: Set<String>
    /// What the hub and the storage were asked.
    var hubRequests: [Request] = []
    var storageRequests: [Request] = []
    /// Large files that were sent, by hash, and parts of some by number.
    var stored: [String: [UInt8]] = [:]
    var parts: [Int: [UInt8]] = [:]
    /// Bytes that make a file large, when it is pushed; of those, how many make up a part.
    var largeSize = 1000
    var partSize: Int?
    /// Comes before the hub's or the storage's own answers.
    var override: @Sendable (Request, _ isStorage: Bool) -> Response? = { _, _ in nil }
  }

  let id: RepositoryID
  let state: Locked<State>
  private let servers = Locked<(hub: FakeServer?, storage: FakeServer?)>((nil, nil))

  init(_ name: String = "org/tiny", _ files: [String: [UInt8]] = [:], large: Set<String> = []) throws {
    id = try RepositoryID(name)
    state = Locked(State(files: files, large: large))
    let storage = try FakeServer { [weak self] in self?.answer($0, isStorage: true) ?? Response(status: 500) }
    let hub = try FakeServer { [weak self] in self?.answer($0, isStorage: false) ?? Response(status: 500) }
    servers.withLock { $0 = (hub, storage) }
  }

  var endpoint: String { servers.withLock { $0.hub?.address ?? "" } }
  var storage: String { servers.withLock { $0.storage?.address ?? "" } }

  /// A client's view, with a cache of its own and little patience.
  func settings(cache: String, token: String? = nil) -> HubSettings {
    var settings = HubSettings(token: token, environment: ["HF_HUB_CACHE": cache, "HF_ENDPOINT": endpoint])
    settings.retries = RetryPolicy(attempts: 4, delay: 0.01, longestDelay: 0.05, patience: 10)
    return settings
  }

  func override(_ body: @escaping @Sendable (Request, _ isStorage: Bool) -> Response?) {
    state.withLock { $0.override = body }
  }

  var hubRequests: [Request] { state.withLock { $0.hubRequests } }
  var storageRequests: [Request] { state.withLock { $0.storageRequests } }

  static func json(_ value: JSONValue, status: Int = 200, _ headers: [(String, String)] = []) -> Response {
    Response(status: status, headers: headers, body: Array(value.serialized(compact: true).utf8))
  }

  private func answer(_ request: Request, isStorage: Bool) -> Response {
    let override = state.withLock { state in
      if isStorage { state.storageRequests.append(request) } else { state.hubRequests.append(request) }
      return state.override
    }
    if let response = override(request, isStorage) { return response }
    return isStorage ? stored(request) : hub(request)
  }

  private func hub(_ request: Request) -> Response {
    let path = request.path.split(separator: "?").first.map(String.init) ?? ""
    switch (request.method, path) {
    case ("GET", "/api/models/\(id.path)/revision/main"),
      ("GET", "/api/models/\(id.path)/revision/\(Self.commit)"):
      let names = state.withLock { $0.files.keys.sorted() }
      return Self.json([
        "id": .string(id.path), "sha": .string(Self.commit),
        "siblings": .array(names.map { ["rfilename": .string($0)] }),
      ])
    case ("POST", "/api/repos/create"): return Self.json(["url": .string("\(endpoint)/\(id.path)")])
    case ("POST", "/api/models/\(id.path)/preupload/main"): return preupload(request)
    case ("POST", "/\(id.path).git/info/lfs/objects/batch"): return batch(request)
    case ("POST", "/complete"): return complete(request)
    case ("POST", "/verify"): return Self.json([:])
    case ("POST", "/api/models/\(id.path)/commit/main"):
      let pull: JSONValue =
        request.path.hasSuffix("create_pr=1") ? .string("\(endpoint)/\(id.path)/discussions/1") : .null
      return Self.json([
        "success": true, "commitOid": .string(Self.commit), "pullRequestUrl": pull,
        "commitUrl": .string("\(endpoint)/\(id.path)/commit/\(Self.commit)"),
      ])
    default: return resolve(path, request)
    }
  }

  private func resolve(_ path: String, _ request: Request) -> Response {
    let prefix = "/\(id.path)/resolve/\(Self.commit)/"
    let (files, large) = state.withLock { ($0.files, $0.large) }
    let name = path.dropFirst(prefix.count).removingPercentEncoding ?? ""
    guard path.hasPrefix(prefix), let bytes = files[name] else {
      let code = path.hasPrefix(prefix) ? "EntryNotFound" : "RepoNotFound"
      return Response(status: 404, headers: [("X-Error-Code", code)])
    }
    var response = Response(headers: [("X-Repo-Commit", Self.commit)])
    guard large.contains(name) else {
      response.headers.append(("ETag", "\"\(FileHash.git(of: bytes))\""))
      return Self.part(of: bytes, request, response)
    }
    let hash = FileHash.sha256(of: bytes)
    response.status = 302
    response.headers += [
      ("X-Linked-Etag", "\"\(hash)\""), ("X-Linked-Size", "\(bytes.count)"), ("ETag", "\"of the storage\""),
      ("Location", "\(storage)/blobs/\(hash)"),
    ]
    response.body = Array("Found. Redirecting".utf8)
    return response
  }

  private static func part(of bytes: [UInt8], _ request: Request, _ response: Response) -> Response {
    var response = response
    let start = request.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) }
    response.body = Array(bytes.dropFirst(start ?? 0))
    if let start {
      response.status = start < bytes.count ? 206 : 416
      response.headers.append(("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"))
    }
    return response
  }

  private func stored(_ request: Request) -> Response {
    if request.method == "PUT" {
      let number = request.path.hasPrefix("/part/") ? Int(request.path.dropFirst(6)) : nil
      state.withLock { state in
        if let number {
          state.parts[number] = request.body
        } else {
          state.stored[String(request.path.dropFirst(8))] = request.body
        }
      }
      return Response(headers: [("ETag", "\"part-\(number ?? 0)\"")])
    }
    let hash = request.path.dropFirst(7)
    guard let bytes = state.withLock({ $0.files.values.first { FileHash.sha256(of: $0) == hash } }) else {
      return Response(status: 404)
    }
    return Self.part(of: bytes, request, Response())
  }

  private func preupload(_ request: Request) -> Response {
    let largeSize = state.withLock { $0.largeSize }
    let files = (try? JSONValue.parse(request.body))?["files"]?.arrayValue ?? []
    return Self.json([
      "files": .array(
        files.map { file in
          let isLarge = (file["size"]?.intValue ?? 0) >= largeSize
          return [
            "path": file["path"] ?? .null, "uploadMode": isLarge ? "lfs" : "regular", "shouldIgnore": false,
          ]
        })
    ])
  }

  private func batch(_ request: Request) -> Response {
    let objects = (try? JSONValue.parse(request.body))?["objects"]?.arrayValue ?? []
    let partSize = state.withLock { $0.partSize }
    return Self.json([
      "transfer": "basic",
      "objects": .array(
        objects.map { object in
          let (hash, size) = (object["oid"]?.stringValue ?? "", object["size"]?.intValue ?? 0)
          var upload: JSONObject = [
            "href": .string("\(storage)/stored/\(hash)"), "header": ["X-Signed": "yes"],
          ]
          if let partSize {
            var header: JSONObject = ["chunk_size": .string("\(partSize)")]
            for part in 0..<(size + partSize - 1) / partSize {
              header["\(part + 1)"] = .string("\(storage)/part/\(part + 1)")
            }
            upload = ["href": .string("\(endpoint)/complete"), "header": .object(header)]
          }
          let actions: JSONValue = [
            "upload": .object(upload), "verify": ["href": .string("\(endpoint)/verify")],
          ]
          return ["oid": .string(hash), "size": .int(size), "actions": actions]
        }),
    ])
  }

  /// Puts the parts of a large file together.
  private func complete(_ request: Request) -> Response {
    let hash = (try? JSONValue.parse(request.body))?["oid"]?.stringValue ?? ""
    state.withLock { state in
      state.stored[hash] = state.parts.sorted { $0.key < $1.key }.flatMap(\.value)
    }
    return Self.json([:])
  }
}
