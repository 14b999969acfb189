import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// HTTP/1.1 on a port: accepts connections and serves each on its own, until it is told to stop.
final class HTTPServer: Sendable {
  typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  private let listener: NIOAsyncChannel<Connection, Never>
  private let limits: HTTPLimits
  private let open = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])
  private let isStopping = NIOLockedValueBox(false)

  /// Begins to listen; connections are accepted from ``run(_:)`` on.
  ///
  /// - Parameter port: 0 for any that is free.
  /// - Throws: ``ServingError`` when the address cannot be used.
  init(host: String, port: Int, limits: HTTPLimits = HTTPLimits()) async throws {
    self.limits = limits
    do {
      listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.backlog, value: 256)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: host, port: port) { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
            try pipeline.addHandler(MalformedRequestHandler())
            return try Connection(wrappingChannelSynchronously: channel)
          }
        }
    } catch {
      throw ServingError("cannot listen on \(host):\(port), \(error): choose another --host or --port")
    }
  }

  var port: Int { listener.channel.localAddress?.port ?? 0 }

  /// Serves until ``stop(within:)``, and until the requests that are under way then are answered.
  func run(_ handler: any HTTPHandler) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      try await listener.executeThenClose { connections in
        for try await connection in connections {
          guard admit(connection.channel) else {
            connection.channel.close(promise: nil)
            continue
          }
          group.addTask { [limits] in
            await HTTPConnection(channel: connection, handler: handler, limits: limits).serve()
            self.open.withLockedValue { $0[ObjectIdentifier(connection.channel)] = nil }
          }
        }
      }
    }
  }

  private func admit(_ channel: any Channel) -> Bool {
    open.withLockedValue { open in
      guard open.count < limits.connections, !isStopping.withLockedValue({ $0 }) else { return false }
      open[ObjectIdentifier(channel)] = channel
      return true
    }
  }

  /// Takes no new requests, lets those under way end within `time`, and closes what is left.
  func stop(within time: Duration) async {
    let wasStopping = isStopping.withLockedValue { value in
      defer { value = true }
      return value
    }
    if wasStopping { return }
    listener.channel.close(promise: nil)
    // Idle connections close at once, others after their answer.
    for channel in open.withLockedValue({ Array($0.values) }) {
      channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
    let clock = ContinuousClock()
    let end = clock.now + time
    while clock.now < end, open.withLockedValue({ !$0.isEmpty }) {
      do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
    }
    for channel in open.withLockedValue({ Array($0.values) }) { channel.close(promise: nil) }
  }
}
