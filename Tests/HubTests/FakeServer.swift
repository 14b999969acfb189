import NIOCore
import NIOHTTP1
import NIOPosix

/// HTTP on a loopback port, answered by a closure.
final class FakeServer: Sendable {
  struct Request: Sendable {
    let method: String
    /// With the query.
    let path: String
    /// By lower-case name.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var token: String? { headers["authorization"] }
  }

  struct Response: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// What Content-Length says, where that is not the truth.
    var announced: Int?
    /// After how many bytes of the body the connection is closed.
    var cut: Int?
  }

  private let channel: any Channel
  var port: Int { channel.localAddress?.port ?? 0 }
  var address: String { "http://127.0.0.1:\(port)" }

  init(_ answer: @escaping @Sendable (Request) -> Response) throws {
    channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.backlog, value: 64)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
          try channel.pipeline.syncOperations.addHandler(Handler(answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
  }

  deinit { channel.close(promise: nil) }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (Request) -> Response
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ answer: @escaping @Sendable (Request) -> Response) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): (self.head, body) = (head, [])
      case .body(let bytes): body.append(contentsOf: bytes.readableBytesView)
      case .end:
        guard let head else { return }
        let request = Request(
          method: head.method.rawValue, path: head.uri,
          headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 }, body: body)
        send(answer(request), isHead: head.method == .HEAD, context)
      }
    }

    private func send(_ response: Response, isHead: Bool, _ context: ChannelHandlerContext) {
      var headers = HTTPHeaders(response.headers)
      if !headers.contains(name: "content-length") {
        headers.add(name: "content-length", value: "\(response.announced ?? response.body.count)")
      }
      let status = HTTPResponseStatus(statusCode: response.status)
      context.write(
        wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))), promise: nil)
      if !isHead {
        let bytes = ByteBuffer(bytes: response.body.prefix(response.cut ?? response.body.count))
        context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
      }
      if response.cut != nil, !isHead {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
          bound.value.close(promise: nil)
        }
      } else {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
