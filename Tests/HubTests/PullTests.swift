import Files
import Foundation
import JSON
import Testing

@testable import Hub

/// Downloads from a hub on loopback: what is asked for, where it ends up, and what happens when it goes wrong.
@Suite struct PullTests {
  static let weights = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
  static let files: [String: [UInt8]] = [
    "config.json": Array("{\"model_type\": \"llama\"}".utf8), "tokenizer.json": Array("{}".utf8),
    "model.safetensors": weights, "1_Pooling/config.json": Array("{\"pooling\": true}".utf8), "empty.txt": [],
  ]

  private func hub() throws -> FakeHub { try FakeHub("org/tiny", Self.files, large: ["model.safetensors"]) }

  private func message(_ body: () throws -> Void) throws -> HubError {
    try #require(throws: HubError.self, performing: body)
  }

  /// The same files pulled by `huggingface_hub` from a server of the same kind (`Tests/Golden/make_hub.py`).
  @Test func layoutIsThatOfHuggingFace() throws {
    let golden = try JSONValue.parse(
      contentsOf: #filePath.replacing("HubTests/PullTests.swift", with: "Golden/hub/cache.json"))
    let contents = golden["files"]?.objectValue?.members ?? []
    let large = Set((golden["large"]?.arrayValue ?? []).compactMap(\.stringValue))
    let files = Dictionary(
      uniqueKeysWithValues: contents.map { ($0.key, Array(($0.value.stringValue ?? "").utf8)) })
    let (hub, folder) = (try FakeHub("org/tiny", files, large: large), try TemporaryFolder())
    let pulled = try Hub(hub.settings(cache: folder.path)).pull(hub.id, FileSelection(including: ["*"]))
    #expect(pulled.files.count == contents.count)
    var listing = try folder.listing().filter { !$0.key.hasPrefix(".locks/") }
    #expect(
      listing.removeValue(forKey: "CACHEDIR.TAG")?.hasPrefix("Signature: 8a477f597d28d172789f06886806bc55\n")
        == true)
    let expected = golden["listing"]?.objectValue?.members ?? []
    #expect(
      listing == Dictionary(uniqueKeysWithValues: expected.map { ($0.key, $0.value.stringValue ?? "") }))
    #expect(!expected.isEmpty)
  }

  @Test func secondPullMovesNothing() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let client = Hub(hub.settings(cache: folder.path))
    let first = try client.pull(hub.id)
    #expect(first.downloadedBytes == Self.files.values.reduce(0) { $0 + $1.count })
    #expect(first.files.last == "config.json")
    let before = hub.hubRequests.count
    let second = try client.pull(hub.id)
    #expect(second.downloadedBytes == 0 && second.folder == first.folder)
    #expect(hub.hubRequests.count == before + 1)
    for (name, bytes) in Self.files {
      #expect(try WholeFile.read(Folder.join(first.folder, name)) == bytes)
    }
  }

  /// What is whole in the cache is found without a question; a configuration alone is not whole.
  @Test func cacheComesFirst() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let client = Hub(hub.settings(cache: folder.path))
    _ = try client.pull(hub.id, FileSelection(including: ["config.json"]))
    let found = try client.folder(of: hub.id)
    #expect(Folder.hasFile(Folder.join(found, "model.safetensors")))
    let before = hub.hubRequests.count
    #expect(try client.folder(of: hub.id) == found)
    #expect(try client.folder(of: RepositoryID("org/tiny@\(FakeHub.commit)")) == found)
    #expect(hub.hubRequests.count == before)
    var offline = client.settings
    offline.isOffline = true
    #expect(try Hub(offline).folder(of: hub.id) == found)
    let error = try message { _ = try Hub(offline).folder(of: RepositoryID("org/other")) }
    #expect(error.code == .unavailable && error.description.contains("HF_HUB_OFFLINE"))
  }

  /// The connection breaks twice; each time the download goes on where it was.
  @Test func cutDownloadsGoOn() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let cuts = Locked([20_000, 5_000])
    hub.override { request, isStorage in
      guard isStorage, let cut = cuts.withLock({ $0.popLast() }) else { return nil }
      let start = request.headers["range"].flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
      let rest = Array(Self.weights.dropFirst(start))
      let range = ("Content-Range", "bytes \(start)-\(Self.weights.count - 1)/\(Self.weights.count)")
      return .init(status: start > 0 ? 206 : 200, headers: [range], body: rest, cut: cut)
    }
    let pulled = try Hub(hub.settings(cache: folder.path)).pull(hub.id)
    #expect(try WholeFile.read(Folder.join(pulled.folder, "model.safetensors")) == Self.weights)
    let ranges = hub.storageRequests.map { $0.headers["range"] ?? "" }
    #expect(ranges == ["", "bytes=5000-", "bytes=25000-"])
    #expect(pulled.downloadedBytes == Self.files.values.reduce(0) { $0 + $1.count })
  }

  /// A run that was killed leaves a part; the next one asks for the rest, or begins anew when the part is wrong.
  @Test(arguments: [true, false]) func leftoverPartsAreUsed(_ isRight: Bool) throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let blob = "models--org--tiny/blobs/\(FileHash.sha256(of: Self.weights))"
    let part = isRight ? Array(Self.weights.prefix(40_000)) : [UInt8](repeating: 1, count: 40_000)
    try folder.write(blob + ".incomplete", part)
    let pulled = try Hub(hub.settings(cache: folder.path)).pull(hub.id)
    #expect(try WholeFile.read(Folder.join(pulled.folder, "model.safetensors")) == Self.weights)
    #expect(
      hub.storageRequests.map { $0.headers["range"] } == (isRight ? ["bytes=40000-"] : ["bytes=40000-", nil]))
    #expect(!Folder.hasFile(folder(blob + ".incomplete")))
  }

  /// A server that does not know ranges sends everything again.
  @Test func serversWithoutRangesWork() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    try folder.write(
      "models--org--tiny/blobs/\(FileHash.sha256(of: Self.weights)).incomplete",
      Array(Self.weights.prefix(999)))
    hub.override { _, isStorage in isStorage ? .init(body: Self.weights) : nil }
    let pulled = try Hub(hub.settings(cache: folder.path)).pull(hub.id)
    #expect(try WholeFile.read(Folder.join(pulled.folder, "model.safetensors")) == Self.weights)
  }

  @Test(arguments: [
    ("other bytes", FakeServer.Response(body: [UInt8](repeating: 3, count: 50_000)), "damaged twice"),
    ("too few", FakeServer.Response(body: Array(weights.dropLast())), "damaged twice"),
    ("cut for good", FakeServer.Response(body: weights, cut: 0), "cannot reach"),
    ("nothing there", FakeServer.Response(status: 404), "check the id"),
    ("expired", FakeServer.Response(status: 403), "does not allow"),
  ])
  func wrongBytesNeverCount(_ name: String, _ response: FakeServer.Response, _ words: String) throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    hub.override { _, isStorage in isStorage ? response : nil }
    let error = try message { _ = try Hub(hub.settings(cache: folder.path)).pull(hub.id) }
    #expect(error.description.contains(words), "\(error)")
    let snapshot = try HubCache(hub.settings(cache: folder.path)).snapshot(
      of: RepositoryID("org/tiny@\(FakeHub.commit)"))
    #expect(!HubCache.isWhole(try #require(snapshot)))
    #expect(
      try !Folder.names(in: folder("models--org--tiny/blobs")).contains(FileHash.sha256(of: Self.weights)))
  }

  @Test func troubleThatPassesIsWaitedOut() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let troubles = Locked([429, 503, 500])
    hub.override { request, _ in
      troubles.withLock { $0.popLast() }.map { .init(status: $0, headers: [("Retry-After", "0")]) }
    }
    let pulled = try Hub(hub.settings(cache: folder.path)).pull(hub.id, FileSelection(including: ["*.json"]))
    #expect(pulled.files.count == 3)
  }

  @Test(
    arguments: [
      (401, "RepoNotFound", nil, HubError.Code.notFound, "HF_TOKEN"), (401, nil, nil, .notFound, "HF_TOKEN"),
      (401, nil, "hf_secret", .refused, "does not accept the token"),
      (404, "RepoNotFound", "hf_secret", .notFound, "check the id"),
      (404, "RevisionNotFound", nil, .notFound, "no such revision"),
      (401, "GatedRepo", nil, .refused, "is gated"),
      (403, "GatedRepo", "hf_secret", .refused, "ask for access"),
      (403, nil, "hf_secret", .refused, "this right"), (429, nil, nil, .unavailable, "too many requests"),
      (500, nil, nil, .unavailable, "try later"), (418, nil, nil, .unavailable, "418"),
    ] as [(Int, String?, String?, HubError.Code, String)])
  func refusalsSayWhatToDo(
    _ status: Int, _ code: String?, _ token: String?, _ kind: HubError.Code, _ words: String
  ) throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    hub.override { _, _ in
      FakeHub.json(
        ["error": "because of hf_secret\nand more"], status: status, code.map { [("X-Error-Code", $0)] } ?? []
      )
    }
    let error = try message { _ = try Hub(hub.settings(cache: folder.path, token: token)).pull(hub.id) }
    #expect(error.code == kind && error.description.contains(words), "\(error)")
    // What the server repeats of the token is not shown.
    if token != nil { #expect(!error.description.contains("hf_secret")) }
    #expect(!error.description.contains("\n"))
  }

  @Test(arguments: [
    "not JSON", "[]", "{}", "{\"sha\": \"../../x\", \"siblings\": []}", "{\"sha\": 3, \"siblings\": []}",
    "{\"sha\": \"\(FakeHub.commit)\", \"siblings\": {}}",
    "{\"sha\": \"\(FakeHub.commit)\", \"siblings\": []}",
  ])
  func garbageIsRefused(_ text: String) throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    hub.override { _, _ in .init(body: Array(text.utf8)) }
    #expect(throws: HubError.self) { try Hub(hub.settings(cache: folder.path)).pull(hub.id) }
  }

  @Test(arguments: [
    "../evil.json", "/etc/evil.json", "a/../../evil.json", "a//b.json", "a\\..\\b.json", "", ".",
  ])
  func namesThatEscapeAreRefused(_ name: String) throws {
    let (hub, folder) = (try FakeHub("org/tiny", ["config.json": [1], name: [2]]), try TemporaryFolder())
    for place in [nil, folder("local")] {
      let error = try message {
        _ = try Hub(hub.settings(cache: folder("cache"))).pull(
          hub.id, FileSelection(including: ["*"]), to: place)
      }
      #expect(error.description.contains("would leave the folder"))
    }
    #expect(!Folder.hasFile(folder("evil.json")))
  }

  /// An entity tag becomes a file's name too.
  @Test(arguments: ["\"../../evil\"", "\"\"", "\"a/b\""]) func tagsThatEscapeAreRefused(_ tag: String) throws
  {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    hub.override { request, _ in request.method == "HEAD" ? .init(headers: [("ETag", tag)]) : nil }
    let error = try message { _ = try Hub(hub.settings(cache: folder.path)).pull(hub.id) }
    #expect(error.description.contains("no usable ETag"))
  }

  /// The token goes to the hub with every request, and never to where large files are stored.
  @Test func tokenStaysWithTheHub() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    _ = try Hub(hub.settings(cache: folder.path, token: "hf_secret")).pull(hub.id)
    #expect(hub.hubRequests.allSatisfy { $0.token == "Bearer hf_secret" })
    #expect(!hub.storageRequests.isEmpty)
    #expect(hub.storageRequests.allSatisfy { $0.token == nil })
  }

  /// A renamed repository answers with a redirect on the same server, relative or not.
  @Test func renamedRepositoriesAreFollowed() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    hub.override { request, _ in
      guard request.path.contains("org/old") else { return nil }
      return .init(status: 307, headers: [("Location", request.path.replacing("org/old", with: "org/tiny"))])
    }
    let pulled = try Hub(hub.settings(cache: folder.path, token: "t")).pull(RepositoryID("org/old"))
    #expect(pulled.folder.contains("models--org--old"))
    #expect(try WholeFile.read(Folder.join(pulled.folder, "model.safetensors")) == Self.weights)
    #expect(hub.hubRequests.allSatisfy { $0.token == "Bearer t" })
  }

  @Test func redirectsInCirclesEnd() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    hub.override { request, _ in .init(status: 302, headers: [("Location", request.path)]) }
    let error = try message { _ = try Hub(hub.settings(cache: folder.path)).pull(hub.id) }
    #expect(error.description.contains("too many redirects"))
  }

  /// A folder of the user's: real files, records beside them, and nothing fetched twice.
  @Test func localFolders() throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let client = Hub(hub.settings(cache: folder("cache")))
    let pulled = try client.pull(hub.id, to: folder("local"))
    #expect(pulled.folder == folder("local"))
    for (name, bytes) in Self.files { #expect(try WholeFile.read(folder("local/" + name)) == bytes) }
    let record = String(
      decoding: try WholeFile.read(folder("local/.cache/huggingface/download/model.safetensors.metadata")),
      as: UTF8.self)
    #expect(
      record.split(separator: "\n").prefix(2) == [
        FakeHub.commit[...], FileHash.sha256(of: Self.weights)[...],
      ])
    #expect(try client.pull(hub.id, to: folder("local")).downloadedBytes == 0)
    // A file that is gone is fetched again.
    try Folder.removeFile(folder("local/tokenizer.json"))
    #expect(try client.pull(hub.id, to: folder("local")).downloadedBytes == 2)
  }

  @Test func twoPullsAtOnceAgree() async throws {
    let (hub, folder) = (try hub(), try TemporaryFolder())
    let settings = hub.settings(cache: folder.path)
    let id = hub.id
    let folders = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<3 { group.addTask { try Hub(settings).pull(id).folder } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(folders.count == 1)
    #expect(hub.storageRequests.count == 1)
  }
}
