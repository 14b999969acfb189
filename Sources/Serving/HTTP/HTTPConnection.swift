import JSON
import NIOCore
import NIOHTTP1

/// One client: its requests one after the other, each answered before the next is read.
struct HTTPConnection: Sendable {
  typealias Parts = NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
  typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  let channel: HTTPServer.Connection
  let handler: any HTTPHandler
  let limits: HTTPLimits

  /// Serves until the client or an error ends it. A client that goes away ends the work on its request.
  func serve() async {
    // What is thrown here says that the client is gone, and there is no one left to tell.
    try? await channel.executeThenClose { inbound, outbound in
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await channel.channel.closeFuture.get() }
        group.addTask {
          try? await answerAll(inbound, outbound)
          try? await channel.channel.close()
        }
        await group.next()
        group.cancelAll()
      }
    }
  }

  private func answerAll(
    _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>, _ outbound: Writer
  ) async throws {
    var parts = inbound.makeAsyncIterator()
    while let request = try await next(&parts, outbound) {
      let answer = await answer(to: request)
      try await write(answer, to: request.head, outbound)
      guard request.head.isKeepAlive else { break }
    }
  }

  /// The next request, or nil when there are no more.
  private func next(_ parts: inout Parts, _ outbound: Writer) async throws -> HTTPRequest? {
    let head = try await within(limits.idle) { () async throws -> HTTPRequestHead? in
      guard case .head(let head) = try await parts.next() else { return nil }
      return head
    }
    guard let head else { return nil }
    if head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
      try await outbound.write(.head(HTTPResponseHead(version: head.version, status: .continue)))
    }
    var body: [UInt8] = []
    var size = 0
    try await within(limits.transfer) {
      while let part = try await parts.next(), case .body(let bytes) = part {
        size += bytes.readableBytes
        // What is too much is read nevertheless: closing before would take the answer from the client.
        if size <= limits.body { body.append(contentsOf: bytes.readableBytesView) } else { body = [] }
      }
    }
    guard size <= limits.body else {
      let error = APIError(
        .payloadTooLarge, "the body has \(size) bytes: at most \(limits.body) are taken")
      try await write(.json(error.status, error.json), to: head, isLast: true, outbound)
      return nil
    }
    return HTTPRequest(head: head, body: body)
  }

  private func answer(to request: HTTPRequest) async -> HTTPAnswer {
    do {
      return try await handler.answer(request)
    } catch {
      let error = APIError(error)
      return .json(error.status, error.json)
    }
  }

  private func write(
    _ answer: HTTPAnswer, to request: HTTPRequestHead, isLast: Bool = false, _ outbound: Writer
  ) async throws {
    var head = HTTPResponseHead(version: request.version, status: .ok)
    if isLast || !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
    switch answer {
    case .json(let status, let value):
      let body = ByteBuffer(string: value.serialized(ascii: false, compact: true))
      head.status = status
      head.headers.add(name: "content-type", value: "application/json")
      head.headers.add(name: "content-length", value: "\(body.readableBytes)")
      try await within(limits.transfer) {
        try await outbound.write(.head(head))
        if request.method != .HEAD { try await outbound.write(.body(.byteBuffer(body))) }
        try await outbound.write(.end(nil))
      }
    case .events(let send):
      head.headers.add(name: "content-type", value: "text/event-stream; charset=utf-8")
      head.headers.add(name: "cache-control", value: "no-cache")
      try await outbound.write(.head(head))
      let writer = EventWriter { bytes in
        try await within(limits.transfer) { try await outbound.write(.body(.byteBuffer(bytes))) }
      }
      do {
        try await send(writer)
      } catch {
        try await writer.send(APIError(error).json)
      }
      try await outbound.write(.end(nil))
    }
  }

  /// Closes the connection when `body` takes longer than `time`.
  private func within<Result>(
    _ time: TimeAmount, _ body: () async throws -> Result
  ) async throws -> Result {
    let channel = channel.channel
    let deadline = channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    defer { deadline.cancel() }
    return try await body()
  }
}
