import CCurl
import Files
import Foundation

/// A connection to servers, used for one exchange after the other by one thread at a time; libcurl does the work.
///
/// `@unchecked Sendable`: a handle moves between threads, and ``CurlPool`` lends it to one at a time.
final class Curl: @unchecked Sendable {
  private let handle: UnsafeMutableRawPointer

  /// - Throws: ``HubError`` when there is no libcurl on this machine.
  init() throws {
    if let reason = ccurl_load() {
      throw HubError(
        .unavailable,
        "\(String(cString: reason)), which the hub is reached with: install libcurl (Debian: libcurl4, Fedora: libcurl)"
      )
    }
    guard let handle = ccurl_new() else { throw HubError(.unavailable, "libcurl: not enough memory") }
    self.handle = handle
  }

  deinit { ccurl_free(handle) }

  /// Sends a request and hands on what comes back; redirects are answers like others.
  ///
  /// - Parameters:
  ///   - patience: seconds without a byte until the exchange fails.
  ///   - sent: hears how many bytes of the request's body went out.
  ///   - receive: gets each piece of the body, with the head that came before it.
  /// - Returns: the head of the answer.
  /// - Throws: ``TransferError`` when there is no whole answer, and what `receive` throws.
  func exchange(
    _ request: HTTPRequest, patience: Int, sent: @escaping (Int) -> Void = { _ in },
    receive: @escaping (UnsafeRawBufferPointer, HTTPHead) throws -> Void
  ) throws -> HTTPHead {
    let exchange = try Exchange(body: request.body, sent: sent, receive: receive)
    let context = Unmanaged.passUnretained(exchange).toOpaque()
    var list: UnsafeMutableRawPointer?
    defer {
      // Pointers into this call must not outlive it.
      ccurl_reset(handle)
      ccurl_list_free(list)
    }
    // "Expect: 100-continue" would cost a second with servers that ignore it.
    let headers =
      request.headers.map { "\($0.name): \($0.value)" } + ["Expect:", "Accept-Encoding: identity"]
    for header in headers { list = ccurl_list_append(list, header) }
    set(CCURL_NOSIGNAL, 1)
    set(CCURL_PROTOCOLS, CCURL_PROTOCOL_HTTP | CCURL_PROTOCOL_HTTPS)
    set(CCURL_CONNECTTIMEOUT, patience)
    set(CCURL_LOW_SPEED_LIMIT, 1)
    set(CCURL_LOW_SPEED_TIME, patience)
    set(CCURL_HTTPHEADER, list)
    ccurl_set_transfer(handle, Int32(CCURL_HEADERFUNCTION), receiveHeader)
    set(CCURL_HEADERDATA, context)
    ccurl_set_transfer(handle, Int32(CCURL_WRITEFUNCTION), receiveBody)
    set(CCURL_WRITEDATA, context)
    set(request.method, bodySize: exchange.bodySize, context)
    set(CCURL_URL, request.address.text)
    if request.address.isLoopback { set(CCURL_NOPROXY, "*") }
    if let certificates = Self.certificates { set(CCURL_CAINFO, certificates) }
    return try withExtendedLifetime(exchange) {
      let code = ccurl_perform(handle)
      if let failure = exchange.failure { throw failure }
      guard code == 0 else {
        throw TransferError(.network(code, String(cString: ccurl_text(code)).lowercasedFirst))
      }
      return exchange.head
    }
  }

  private func set(_ method: HTTPRequest.Method, bodySize: Int, _ context: UnsafeMutableRawPointer) {
    switch method {
    case .get: break
    case .head: set(CCURL_NOBODY, 1)
    case .post, .put:
      set(CCURL_UPLOAD, 1)
      // A kept connection may turn out to be closed when part of the body is gone already.
      set(CCURL_FRESH_CONNECT, 1)
      ccurl_set_transfer(handle, Int32(CCURL_READFUNCTION), sendBody)
      set(CCURL_READDATA, context)
      ccurl_set_size(handle, Int32(CCURL_INFILESIZE_LARGE), Int64(bodySize))
      set(CCURL_CUSTOMREQUEST, method.rawValue)
    }
  }

  private func set(_ option: Int, _ value: Int) { ccurl_set_long(handle, Int32(option), value) }

  private func set(_ option: Int, _ pointer: UnsafeMutableRawPointer?) {
    ccurl_set_pointer(handle, Int32(option), pointer)
  }

  /// libcurl copies texts.
  private func set(_ option: Int, _ text: String) {
    _ = text.withCString { ccurl_set_pointer(handle, Int32(option), $0) }
  }

  /// A file of certificates that the user trusts instead of the system's, by the variables that other programs read.
  private static let certificates: String? = {
    let environment = ProcessInfo.processInfo.environment
    return ["CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }
      .first { FileManager.default.isReadableFile(atPath: $0) }
  }()
}

/// Connections that are free, kept because opening one takes several round trips.
final class CurlPool: Sendable {
  private let free = Locked<[Curl]>([])

  func use<Result>(_ body: (Curl) throws -> Result) throws -> Result {
    let curl = try free.withLock { $0.popLast() } ?? Curl()
    defer { free.withLock { $0.append(curl) } }
    return try body(curl)
  }
}

extension String {
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
