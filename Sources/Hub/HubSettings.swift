import Files
import Foundation

/// Where the hub is and what is known of the user, from the same variables and files as `huggingface_hub`.
public struct HubSettings: Sendable {
  /// The server, without a slash at its end (`HF_ENDPOINT`).
  public var endpoint: String
  /// The folder of the cache (`HF_HUB_CACHE`, or `hub` below `HF_HOME`).
  public var cache: String
  /// Sent to the server and to nobody else, and never shown; nil for nobody.
  public var token: String?
  /// Whether nothing may be asked of the server (`HF_HUB_OFFLINE`).
  public var isOffline: Bool
  /// How often and how patiently what failed is tried again.
  var retries = RetryPolicy()

  /// - Parameters:
  ///   - token: what comes before `HF_TOKEN` and the file that logging in leaves.
  ///   - environment: the process's own, but for tests.
  public init(
    token: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    func value(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
    let user = value("HOME") ?? "/"
    func path(_ text: String) -> String {
      text == "~" || text.hasPrefix("~/") ? user + text.dropFirst() : text
    }
    let caches = value("XDG_CACHE_HOME").map(path) ?? Folder.join(user, ".cache")
    let home = value("HF_HOME").map(path) ?? Folder.join(caches, "huggingface")
    cache = (value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE")).map(path) ?? Folder.join(home, "hub")
    var server = value("HF_ENDPOINT") ?? "https://huggingface.co"
    while server.hasSuffix("/") { server.removeLast() }
    endpoint = server
    isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].contains { key in
      ["1", "ON", "YES", "TRUE"].contains(value(key)?.uppercased() ?? "")
    }
    let file = value("HF_TOKEN_PATH").map(path) ?? Folder.join(home, "token")
    self.token =
      Self.cleaned(token) ?? Self.cleaned(value("HF_TOKEN")) ?? Self.cleaned(value("HUGGING_FACE_HUB_TOKEN"))
      ?? (try? WholeFile.read(file)).flatMap { Self.cleaned(String(decoding: $0, as: UTF8.self)) }
  }

  /// A token is one word; a line break in it would forge a header.
  private static func cleaned(_ token: String?) -> String? {
    guard let token else { return nil }
    let word = token.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    return word.isEmpty || !word.utf8.allSatisfy({ (33...126).contains($0) }) ? nil : word
  }

  /// What the server is called in messages.
  var host: String { WebAddress(endpoint)?.host ?? endpoint }
}
