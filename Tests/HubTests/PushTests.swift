import Files
import Foundation
import JSON
import Testing

@testable import Hub

/// Uploads to a hub on loopback: what is sent, in what form, and what stays here.
@Suite struct PushTests {
  static let weights = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
  static let configuration = """
    {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "base_model_name_or_path": "org/base"}
    """

  private func adapter() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("adapter_config.json", Array(Self.configuration.utf8))
    try folder.write("adapter_model.safetensors", Self.weights)
    try folder.write(
      "summary.json", Array("{\"final_loss\": 1.25, \"eval\": {\"loss\": 1.5}, \"steps\": 100}".utf8))
    try folder.write("checkpoints/step-10/optimizer.safetensors", [1, 2, 3])
    try folder.write("checkpoints/step-10/state.json", [1])
    try folder.write("optimizer.pt", [1])
    try folder.write(".cache/huggingface/x", [1])
    return folder
  }

  private func push(
    _ folder: String, to hub: FakeHub, _ options: PushOptions = PushOptions(),
    notes: Locked<[String]> = Locked([])
  ) throws -> PushedCommit {
    let cache = folder + "/unused-cache"
    let progress = HubProgress(note: { note in notes.withLock { $0.append(note) } })
    return try Hub(hub.settings(cache: cache, token: "hf_secret"), progress: progress).push(
      folder, to: hub.id, options)
  }

  /// The lines of the commit.
  private func commit(_ hub: FakeHub) throws -> [JSONValue] {
    let request = try #require(hub.hubRequests.last { $0.path.contains("/commit/") })
    #expect(request.headers["content-type"] == "application/x-ndjson")
    return try request.text.split(separator: "\n").map { try JSONValue.parse(String($0)) }
  }

  private func content(_ name: String, in lines: [JSONValue]) throws -> String {
    let line = try #require(lines.first { $0["key"] == "file" && $0["value"]?["path"]?.stringValue == name })
    #expect(line["value"]?["encoding"] == "base64")
    let data = try #require(Data(base64Encoded: line["value"]?["content"]?.stringValue ?? ""))
    return String(decoding: data, as: UTF8.self)
  }

  @Test func adaptersAreSmallAndLargeFiles() throws {
    let (hub, folder, notes) = (try FakeHub("me/tuned"), try adapter(), Locked<[String]>([]))
    var options = PushOptions()
    (options.message, options.isPrivate) = ("First", true)
    let pushed = try push(folder.path, to: hub, options, notes: notes)
    #expect(pushed.commit == FakeHub.commit && pushed.address.hasSuffix("/me/tuned/commit/\(FakeHub.commit)"))
    #expect(
      pushed.files == ["README.md", "adapter_config.json", "adapter_model.safetensors", "summary.json"])

    let created = try JSONValue.parse(try #require(hub.hubRequests.first).text)
    #expect(created == ["name": "tuned", "organization": "me", "type": "model", "visibility": "private"])

    let hash = FileHash.sha256(of: Self.weights)
    #expect(hub.state.withLock { $0.stored } == [hash: Self.weights])
    let lines = try commit(hub)
    #expect(lines.first == ["key": "header", "value": ["summary": "First", "description": ""]])
    #expect(
      lines.last == [
        "key": "lfsFile",
        "value": ["path": "adapter_model.safetensors", "algo": "sha256", "oid": .string(hash), "size": 5000],
      ])
    #expect(lines.count == 5)
    #expect(try content("adapter_config.json", in: lines) == Self.configuration)
    let card = try content("README.md", in: lines)
    #expect(
      card.hasPrefix(
        "---\nbase_model: org/base\nlibrary_name: peft\ntags:\n- \"base_model:adapter:org/base\"\n- lora\n"))
    #expect(
      card.contains("pipeline_tag: text-generation\n---\n\n# tuned\n")
        && card.contains("| final loss | 1.25 |"))
    #expect(!Folder.hasFile(folder("README.md")))
    let left = notes.withLock { $0 }
    #expect(
      left.contains { $0.contains("checkpoints/ (2 files)") } && left.contains { $0.contains("optimizer.pt") }
    )
    #expect(left.contains { $0.contains("README.md") })

    // The storage is told nothing of the user.
    #expect(hub.hubRequests.allSatisfy { $0.token == "Bearer hf_secret" })
    #expect(hub.storageRequests.allSatisfy { $0.token == nil && $0.headers["x-signed"] == "yes" })
    #expect(hub.hubRequests.contains { $0.path == "/verify" && $0.text.contains(hash) })
  }

  @Test func partsAreSentOneByOne() throws {
    let (hub, folder) = (try FakeHub("me/tuned"), try adapter())
    hub.state.withLock { $0.partSize = 2_000 }
    let troubles = Locked([500])
    hub.override { _, isStorage in
      isStorage ? troubles.withLock { $0.popLast() }.map { .init(status: $0) } : nil
    }
    _ = try push(folder.path, to: hub)
    #expect(hub.state.withLock { $0.stored.values.map { $0 } } == [Self.weights])
    let completion = try JSONValue.parse(try #require(hub.hubRequests.last { $0.path == "/complete" }).text)
    #expect(completion["parts"]?.arrayValue?.map { $0["partNumber"]?.intValue } == [1, 2, 3])
    #expect(completion["parts"]?[2]?["etag"] == "\"part-3\"")
    #expect(hub.storageRequests.map(\.body.count) == [2000, 2000, 2000, 1000])
  }

  /// What the hub has already is not sent, and when that is everything there is no commit.
  @Test func sameFilesAreNotSent() throws {
    let (hub, folder) = (try FakeHub("me/tuned"), try TemporaryFolder())
    try folder.write("README.md", Array("# Mine".utf8))
    try folder.write("model.safetensors", Self.weights)
    hub.override { request, _ in
      guard request.path.contains("/preupload/") else { return nil }
      return FakeHub.json([
        "files": [
          [
            "path": "README.md", "uploadMode": "regular", "shouldIgnore": false,
            "oid": .string(FileHash.git(of: Array("# Mine".utf8))),
          ],
          [
            "path": "model.safetensors", "uploadMode": "lfs", "shouldIgnore": false,
            "oid": .string(FileHash.sha256(of: Self.weights)),
          ],
        ]
      ])
    }
    let pushed = try push(folder.path, to: hub)
    #expect(pushed.commit == nil && pushed.files.isEmpty && hub.storageRequests.isEmpty)
    #expect(!hub.hubRequests.contains { $0.path.contains("/commit/") })
  }

  @Test func pullRequestsAndBranches() throws {
    let (hub, folder) = (try FakeHub("me/tuned"), try adapter())
    var options = PushOptions()
    (options.createsPullRequest, options.includesState) = (true, true)
    let pushed = try push(folder.path, to: hub, options)
    #expect(pushed.address.hasSuffix("/discussions/1"))
    #expect(pushed.files.contains("checkpoints/step-10/state.json") && pushed.files.contains("optimizer.pt"))

    let branch = try FakeHub("me/tuned")
    branch.override { request, _ in
      if request.path == "/api/models/me/tuned/branch/dev%2Fx" { return .init(status: 409) }
      guard request.path.hasSuffix("/dev%2Fx") else { return nil }
      if request.path.contains("/commit/") { return FakeHub.json(["commitOid": .string(FakeHub.commit)]) }
      return FakeHub.json([
        "files": .array(
          pushed.files.map { ["path": .string($0), "uploadMode": "regular", "shouldIgnore": false] })
      ])
    }
    let settings = branch.settings(cache: folder("cache"), token: "t")
    _ = try Hub(settings).push(folder.path, to: RepositoryID("me/tuned", revision: "dev/x"))
    #expect(branch.hubRequests.contains { $0.path == "/api/models/me/tuned/branch/dev%2Fx" })
  }

  /// A token that may write here but make nothing; a repository that exists; one that belongs to somebody else.
  @Test func creationThatIsRefused() throws {
    let folder = try adapter()
    for (status, exists, succeeds) in [(409, true, true), (403, true, true), (403, false, false)] {
      let hub = try FakeHub("me/tuned")
      hub.override { request, _ in
        if request.path == "/api/repos/create" { return .init(status: status) }
        if request.path == "/api/models/me/tuned" { return .init(status: exists ? 200 : 404) }
        return nil
      }
      let commit = try? push(folder.path, to: hub).commit
      #expect((commit != nil) == succeeds)
    }
  }

  @Test func mistakes() throws {
    let (hub, folder, empty) = (try FakeHub("me/tuned"), try adapter(), try TemporaryFolder())
    let anonymous = Hub(hub.settings(cache: folder("cache")))
    let noToken = #expect(throws: HubError.self) { try anonymous.push(folder.path, to: hub.id) }
    #expect(noToken?.description.contains("HF_TOKEN") == true)
    #expect(throws: FileError.self) { try push(folder("missing"), to: hub) }
    #expect(throws: FileError.self) { try push(empty.path, to: hub) }
    #expect(throws: HubError.self) {
      try Hub(hub.settings(cache: folder("cache"), token: "t")).push(folder.path, to: RepositoryID("tuned"))
    }
    #expect(hub.hubRequests.isEmpty)
  }

  /// Servers that answer nonsense; a commit is never sent twice.
  @Test(arguments: ["/preupload/", "/objects/batch", "/commit/"]) func nonsense(_ path: String) throws {
    let folder = try adapter()
    for answer in ["{", "{}", "{\"files\": 3, \"objects\": [{\"oid\": 1}]}"] {
      let hub = try FakeHub("me/tuned")
      hub.override { request, _ in request.path.contains(path) ? .init(body: Array(answer.utf8)) : nil }
      #expect(throws: HubError.self) { try push(folder.path, to: hub) }
    }
    let hub = try FakeHub("me/tuned")
    hub.override { request, _ in request.path.contains("/commit/") ? .init(status: 500) : nil }
    #expect(throws: HubError.self) { try push(folder.path, to: hub) }
    #expect(hub.hubRequests.filter { $0.path.contains("/commit/") }.count == 1)
  }
}
