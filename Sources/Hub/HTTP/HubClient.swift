import Files
import JSON

/// Requests to one hub: with its user's token, around redirects, and again when they fail for a passing reason.
struct HubClient: Sendable {
  let settings: HubSettings
  let endpoint: WebAddress
  private let connections = CurlPool()

  private static let mostRedirects = 8
  /// Bytes of an answer that is kept in memory.
  private static let largestAnswer = 64 << 20

  /// - Throws: ``HubError`` for an endpoint that is no address, and when nothing may be asked.
  init(_ settings: HubSettings) throws {
    guard let endpoint = WebAddress(settings.endpoint) else {
      throw HubError(
        .usage, "HF_ENDPOINT is '\(settings.endpoint)': write an address such as https://huggingface.co")
    }
    guard !settings.isOffline else {
      throw HubError(
        .unavailable, "\(endpoint.host) may not be asked, as HF_HUB_OFFLINE is set: unset it")
    }
    (self.settings, self.endpoint) = (settings, endpoint)
  }

  /// - Parameter path: already escaped.
  func address(_ path: String) throws -> WebAddress {
    guard let address = WebAddress("\(settings.endpoint)/\(path)") else {
      throw HubError(.usage, "'\(path)' makes no address: check the id and the names of the files")
    }
    return address
  }

  /// The answer to a request, whole.
  ///
  /// - Parameters:
  ///   - subject: what the request is about, for errors.
  ///   - staysHome: whether a redirect to another server is an answer instead of a way.
  ///   - statuses: those that are fine besides success.
  ///   - sent: hears how many bytes of the body went out; a negative number takes them back.
  /// - Throws: ``HubError`` for everything that is no success.
  func answer(
    to request: HTTPRequest, about subject: String, retries: RetryPolicy? = nil, staysHome: Bool = false,
    allowing statuses: Set<Int> = [], sent: @escaping (Int) -> Void = { _ in }
  ) throws -> HTTPAnswer {
    try explaining(subject) {
      try (retries ?? settings.retries).run { _ in
        var (body, count): ([UInt8], Int) = ([], 0)
        do {
          let head = try follow(request, staysHome: staysHome) {
            count += $0
            sent($0)
          } receive: { bytes, _ in
            guard body.count + bytes.count <= Self.largestAnswer else {
              throw HubError(.unavailable, "the answer is too long, \(subject): check HF_ENDPOINT")
            }
            body += bytes
          }
          let answer = HTTPAnswer(head: head, body: body)
          guard head.isSuccess || statuses.contains(head.status) || staysHome && head.isRedirect else {
            throw TransferError(.status(answer))
          }
          return answer
        } catch {
          sent(-count)
          throw error
        }
      }
    }
  }

  /// The JSON of an answer.
  func json(to request: HTTPRequest, about subject: String, retries: RetryPolicy? = nil) throws -> JSONValue {
    let answer = try answer(to: request, about: subject, retries: retries)
    do {
      return try JSONValue.parse(answer.body)
    } catch {
      throw HubError(
        .unavailable,
        "\(request.address.host) answers with what is no JSON, about \(subject): check HF_ENDPOINT, or try later"
      )
    }
  }

  /// A request that carries JSON.
  func post(_ value: JSONValue, to address: WebAddress, type: String = "application/json") -> HTTPRequest {
    HTTPRequest(
      method: .post, address: address, headers: [("Content-Type", type), ("Accept", type)],
      body: .bytes(Array(value.serialized(ascii: false, compact: true).utf8)))
  }

  /// One attempt at a request, around redirects. The token goes to the hub only.
  ///
  /// - Parameter receive: gets the body of the last answer, piece by piece.
  func follow(
    _ request: HTTPRequest, staysHome: Bool = false, sent: @escaping (Int) -> Void = { _ in },
    receive: @escaping (UnsafeRawBufferPointer, HTTPHead) throws -> Void
  ) throws -> HTTPHead {
    var request = request
    for _ in 0...Self.mostRedirects {
      var asked = request
      asked.headers.append(("User-Agent", "swift-peft/0.1.0"))
      if let token = settings.token, request.address.hasSameOrigin(as: endpoint) {
        asked.headers.append(("Authorization", "Bearer \(token)"))
      }
      let head = try connections.use { curl in
        try curl.exchange(asked, patience: settings.retries.patience, sent: sent) { bytes, head in
          if !head.isRedirect { try receive(bytes, head) }
        }
      }
      guard head.isRedirect, let location = head["location"] else { return head }
      guard let next = request.address.redirected(to: location) else {
        throw TransferError(.damaged("a redirect that leads nowhere"))
      }
      if staysHome, !next.hasSameOrigin(as: endpoint) { return head }
      if head.status == 303 || [301, 302].contains(head.status) && request.method == .post {
        (request.method, request.body) = (.get, .none)
      }
      request.address = next
    }
    throw TransferError(.network(47, "too many redirects"))
  }
}
