import JSON
import NIOCore
import NIOHTTP1

/// Answers what is not HTTP, or has too long a head, before the connection is closed.
final class MalformedRequestHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private var isAnswering = false

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let error = error as? HTTPParserError, !isAnswering {
      let isTooLong = error == .headerOverflow
      let answer = APIError(
        isTooLong ? .requestHeaderFieldsTooLarge : .badRequest,
        isTooLong ? "the request's head is too long" : "the request is not HTTP: \(error)")
      let body = context.channel.allocator.buffer(string: answer.json.serialized(compact: true))
      let headers: HTTPHeaders = [
        "connection": "close", "content-type": "application/json", "content-length": "\(body.readableBytes)",
      ]
      let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
    context.fireErrorCaught(error)
    // Nothing that follows can be told apart from what was malformed.
    if error is HTTPParserError { context.close(promise: nil) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head): isAnswering = head.status.code >= 200
    case .body: break
    case .end: isAnswering = false
    }
    context.write(data, promise: promise)
  }
}

@available(*, unavailable)
extension MalformedRequestHandler: Sendable {}
