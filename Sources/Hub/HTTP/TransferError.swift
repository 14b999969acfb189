/// An exchange that failed, before anyone knows what it was for.
struct TransferError: Error, Sendable {
  enum Reason: Sendable {
    /// libcurl's number and words.
    case network(Int32, String)
    /// An answer that is no success.
    case status(HTTPAnswer)
    /// Fewer bytes came than were promised, or others.
    case damaged(String)
  }

  let reason: Reason

  init(_ reason: Reason) { self.reason = reason }

  /// Whether the same request may succeed a little later.
  var isTransient: Bool {
    switch reason {
    // Addresses that do not resolve, servers that do not listen and certificates that do not fit stay that way.
    case .network(let code, _): ![1, 3, 5, 6, 7, 23, 26, 27, 35, 42, 51, 58, 60, 77].contains(code)
    case .status(let answer): [408, 429, 500, 502, 503, 504].contains(answer.head.status)
    case .damaged: true
    }
  }

  /// Seconds that the server asks to wait.
  var retryAfter: Double? {
    guard case .status(let answer) = reason else { return nil }
    return answer.head["retry-after"].flatMap(Double.init)
  }
}
