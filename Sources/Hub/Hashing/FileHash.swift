import Files

/// The name that the hub gives to a file's content: git's hash of a small file, SHA-256 of a large one.
enum FileHash: Sendable, Hashable {
  case git(String)
  case sha256(String)

  /// - Parameter entityTag: as the hub sends it, without quotation marks. Nil for one that is neither hash, such as
  ///   those of other servers.
  init?(entityTag tag: String) {
    guard tag.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
    switch tag.utf8.count {
    case 40: self = .git(tag)
    case 64: self = .sha256(tag)
    default: return nil
    }
  }

  /// Whether the file at `path` has this content.
  func matches(_ path: String) throws -> Bool {
    switch self {
    case .git(let hash): try Self.git(ofFile: path) == hash
    case .sha256(let hash): try Self.sha256(ofFile: path) == hash
    }
  }

  /// Git's name for a file's content: SHA-1 of `blob`, its size and itself.
  static func git(ofFile path: String) throws -> String { try hash(path) { git(of: $0) } }
  static func git(of bytes: [UInt8]) -> String { bytes.withUnsafeBytes { git(of: $0) } }
  static func sha256(ofFile path: String) throws -> String { try hash(path) { sha256(of: $0) } }
  static func sha256(of bytes: [UInt8]) -> String { bytes.withUnsafeBytes { sha256(of: $0) } }

  private static func hash(_ path: String, _ body: (UnsafeRawBufferPointer) -> String) throws -> String {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { body(file.bytes) }
  }

  private static func git(of bytes: UnsafeRawBufferPointer) -> String {
    var digest = SHA1()
    digest.update("blob \(bytes.count)\0")
    digest.update(bytes)
    return digest.hexadecimal()
  }

  private static func sha256(of bytes: UnsafeRawBufferPointer) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.hexadecimal()
  }
}
