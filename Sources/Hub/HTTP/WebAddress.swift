import Foundation

/// An `http` or `https` address, taken apart as far as trust depends on it.
struct WebAddress: Sendable, Hashable {
  let text: String
  let scheme, host: String
  let port: Int

  /// Nil for anything else than an absolute address of the web.
  init?(_ text: String) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      let host = parts.host?.lowercased(), !host.isEmpty, ["http", "https"].contains(scheme)
    else { return nil }
    (self.text, self.scheme, self.host) = (text, scheme, host)
    port = parts.port ?? (scheme == "https" ? 443 : 80)
  }

  /// Where `location` leads from here, relative or absolute.
  func redirected(to location: String) -> WebAddress? {
    guard let base = URL(string: text), let url = URL(string: location, relativeTo: base) else { return nil }
    return WebAddress(url.absoluteString)
  }

  /// Whether a secret for one may be told to the other: same scheme, host and port.
  func hasSameOrigin(as other: WebAddress) -> Bool {
    (scheme, host, port) == (other.scheme, other.host, other.port)
  }

  /// This machine, which no proxy stands before.
  var isLoopback: Bool { ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host) }

  /// `text` as one component of a path, or with its slashes kept.
  static func escaped(_ text: String, keepingSlashes: Bool = false) -> String {
    text.utf8.map { byte -> String in
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 95, 126: return String(UnicodeScalar(byte))
      case 47 where keepingSlashes: return "/"
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }.joined()
  }
}
