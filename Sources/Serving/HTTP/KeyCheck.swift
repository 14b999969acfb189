import NIOHTTP1

/// Lets requests through that name a key, `Authorization: Bearer KEY`; `/health` and `/ping` need none, as whoever
/// watches over the server asks them.
struct KeyCheck: HTTPHandler {
  private let keys: [[UInt8]]
  private let next: any HTTPHandler

  init(_ keys: [String], before next: any HTTPHandler) {
    (self.keys, self.next) = (keys.filter { !$0.isEmpty }.map { Array($0.utf8) }, next)
  }

  func answer(_ request: HTTPRequest) async throws -> HTTPAnswer {
    if ["/health", "/ping"].contains(request.path) { return try await next.answer(request) }
    guard let header = request.head.headers["authorization"].first else {
      throw refusal("there is no key: send the header Authorization: Bearer KEY")
    }
    let words = header.split(separator: " ", maxSplits: 1)
    guard words.count == 2, words[0].lowercased() == "bearer", accepts(Array(words[1].utf8)) else {
      throw refusal("the key is not one of this server's")
    }
    return try await next.answer(request)
  }

  /// Looks at every key and every byte, so that the time taken says nothing of how much was right.
  private func accepts(_ given: [UInt8]) -> Bool {
    var found = false
    for key in keys {
      var difference: UInt8 = key.count == given.count ? 0 : 1
      for (index, byte) in given.enumerated() { difference |= byte ^ key[index % key.count] }
      found = found || difference == 0
    }
    return found
  }

  private func refusal(_ message: String) -> APIError {
    APIError(.unauthorized, message, code: "invalid_api_key")
  }
}
