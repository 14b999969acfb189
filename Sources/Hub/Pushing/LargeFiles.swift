import Files
import JSON

/// Large files on their way to where the hub stores them, by git-lfs's batch API with the transfers `basic` and
/// `multipart`.
///
/// Source: github.com/git-lfs/git-lfs, docs/api/batch.md; `huggingface_hub`, lfs.py for `multipart`.
struct LargeFiles: Sendable {
  let id: RepositoryID
  let client: HubClient
  let moved: ByteCount

  /// A file and its SHA-256.
  struct Item: Sendable {
    let file: UploadFile
    let hash: String
  }

  private static let type = "application/vnd.git-lfs+json"
  private static let batchSize = 100

  /// Sends what the hub does not have yet.
  ///
  /// - Throws: ``HubError`` when a file is refused or does not get through.
  func upload(_ items: [Item]) throws {
    for start in stride(from: 0, to: items.count, by: Self.batchSize) {
      let batch = items[start..<min(start + Self.batchSize, items.count)]
      let orders = try orders(for: Array(batch))
      try Workers.forEach(zip(batch, orders).map(Order.init)) { try send($0) }
    }
  }

  private struct Order: Sendable {
    let item: Item
    /// `upload` and `verify`; nil for what is there.
    let actions: JSONValue?
  }

  private func orders(for items: [Item]) throws -> [JSONValue?] {
    let body: JSONValue = [
      "operation": "upload", "transfers": ["basic", "multipart"],
      "objects": .array(items.map { ["oid": .string($0.hash), "size": .int($0.file.size)] }),
      "hash_algo": "sha256", "ref": ["name": .string(id.revision)],
    ]
    let request = client.post(
      body, to: try client.address("\(id.path).git/info/lfs/objects/batch"), type: Self.type)
    let objects = try client.json(to: request, about: "\(id)")["objects"]?.arrayValue ?? []
    return try items.map { item in
      guard let answer = objects.first(where: { $0["oid"]?.stringValue == item.hash }) else {
        throw malformed("no word on \(item.file.name.text)")
      }
      if let words = answer["error"]?["message"]?.stringValue {
        throw HubError(.refused, "the hub does not take \(item.file.name.text), \(words): check your quota")
      }
      return answer["actions"]
    }
  }

  private func send(_ order: Order) throws {
    let (file, hash) = (order.item.file, order.item.hash)
    defer { moved.report(file.name.text, at: file.size) }
    guard let upload = order.actions?["upload"] else { return }
    let (place, header) = (try address(upload), upload["header"]?.objectValue ?? [:])
    if let chunk = header["chunk_size"] {
      let size = chunk.intValue ?? chunk.stringValue.flatMap { Int($0) } ?? 0
      try sendParts(file, hash, header, size: size, completion: place)
    } else {
      let headers = header.members.compactMap { member in
        member.value.stringValue.map { (name: member.key, value: $0) }
      }
      _ = try put(file, from: 0, count: file.size, to: place, headers)
    }
    guard let verify = order.actions?["verify"] else { return }
    let words: JSONValue = ["oid": .string(hash), "size": .int(file.size)]
    _ = try client.answer(to: client.post(words, to: address(verify)), about: file.name.text)
  }

  /// The addresses stand under the numbers of the parts.
  private func sendParts(
    _ file: UploadFile, _ hash: String, _ header: JSONObject, size: Int, completion: WebAddress
  ) throws {
    let parts = try header.members.compactMap { member in
      try Int(member.key).map { ($0, try part(member.value)) }
    }
    .sorted { $0.0 < $1.0 }
    guard size > 0, parts.count == (file.size + size - 1) / size else {
      throw malformed("\(parts.count) parts of \(size) bytes for \(file.name.text)")
    }
    var completed: [JSONValue] = []
    for (index, part) in parts.enumerated() {
      let offset = index * size
      let head = try put(file, from: offset, count: min(size, file.size - offset), to: part.1, [])
      guard let tag = head["etag"], !tag.isEmpty else { throw malformed("no ETag for \(file.name.text)") }
      completed.append(["partNumber": .int(index + 1), "etag": .string(tag)])
    }
    let words: JSONValue = ["oid": .string(hash), "parts": .array(completed)]
    _ = try client.answer(to: client.post(words, to: completion, type: Self.type), about: file.name.text)
  }

  private func put(
    _ file: UploadFile, from offset: Int, count: Int, to address: WebAddress,
    _ headers: [(name: String, value: String)]
  ) throws -> HTTPHead {
    let request = HTTPRequest(
      method: .put, address: address, headers: headers, body: file.part(from: offset, count: count))
    let position = Locked(offset)
    return try client.answer(to: request, about: file.name.text) { sent in
      let now = position.withLock { position in
        position += sent
        return position
      }
      moved.report(file.name.text, at: now, transferred: max(0, sent))
    }.head
  }

  private func address(_ action: JSONValue) throws -> WebAddress { try part(action["href"] ?? .null) }

  private func part(_ value: JSONValue) throws -> WebAddress {
    guard let address = value.stringValue.flatMap(WebAddress.init) else {
      throw malformed("no address to send to")
    }
    return address
  }

  private func malformed(_ words: String) -> HubError {
    HubError(
      .unavailable, "\(client.endpoint.host) answers with \(words), \(id): check HF_ENDPOINT, or try later")
  }
}
