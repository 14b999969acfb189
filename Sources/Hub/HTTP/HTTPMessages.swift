/// What is asked of a server.
struct HTTPRequest: Sendable {
  enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST", put = "PUT" }

  enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// A part of a file, read as it is sent.
    case file(path: String, offset: Int, count: Int)
  }

  var method = Method.get
  var address: WebAddress
  var headers: [(name: String, value: String)] = []
  var body = Body.none
}

/// The status and headers of an answer.
struct HTTPHead: Sendable {
  var status = 0
  /// By lower-case name; of several with one name the last.
  private var headers: [String: String] = [:]

  subscript(_ name: String) -> String? {
    get { headers[name] }
    set { headers[name] = newValue }
  }

  var isSuccess: Bool { (200..<300).contains(status) }
  var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) && headers["location"] != nil }
}

/// An answer whose body was small enough to keep.
struct HTTPAnswer: Sendable {
  var head: HTTPHead
  var body: [UInt8] = []
}
