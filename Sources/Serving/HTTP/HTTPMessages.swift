import JSON
import NIOCore
import NIOHTTP1

/// A request, its body read whole.
struct HTTPRequest: Sendable {
  let head: HTTPRequestHead
  let body: [UInt8]

  var method: HTTPMethod { head.method }
  /// The path without the query.
  var path: String { String(head.uri.prefix { $0 != "?" && $0 != "#" }) }
}

/// What is answered to a request.
enum HTTPAnswer: Sendable {
  case json(HTTPResponseStatus, JSONValue)
  /// Server-sent events, as they come; what is thrown on the way is sent as the last one.
  case events(@Sendable (EventWriter) async throws -> Void)
}

/// Answers requests. What it throws becomes an answer too; see ``APIError``.
protocol HTTPHandler: Sendable {
  func answer(_ request: HTTPRequest) async throws -> HTTPAnswer
}

/// Sends server-sent events to one client.
struct EventWriter: Sendable {
  let write: @Sendable (ByteBuffer) async throws -> Void

  /// - Throws: when the client is gone.
  func send(_ value: JSONValue) async throws {
    try await write(ByteBuffer(string: "data: \(value.serialized(ascii: false, compact: true))\n\n"))
  }

  /// Says that nothing more comes.
  func end() async throws { try await write(ByteBuffer(string: "data: [DONE]\n\n")) }
}

/// What a client may take up.
struct HTTPLimits: Sendable {
  /// Bytes of a request's body.
  var body = 16 << 20
  /// How long a connection may lie idle between requests, or take to send a request's head.
  var idle = TimeAmount.seconds(75)
  /// How long the body of a request may take, and how long a client may leave an answer unread.
  var transfer = TimeAmount.seconds(60)
  /// Connections at a time.
  var connections = 512
}
