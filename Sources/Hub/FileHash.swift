import Crypto
import Files
import Foundation

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
  static func git(ofFile path: String) throws -> String {
    var hash = gitHash(size: Folder.size(of: path) ?? 0)
    try update(&hash, with: path)
    return hexadecimal(hash.finalize())
  }

  static func git(of bytes: [UInt8]) -> String {
    var hash = gitHash(size: bytes.count)
    hash.update(data: bytes)
    return hexadecimal(hash.finalize())
  }

  static func sha256(ofFile path: String) throws -> String {
    var hash = SHA256()
    try update(&hash, with: path)
    return hexadecimal(hash.finalize())
  }

  static func sha256(of bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

  private static func gitHash(size: Int) -> Insecure.SHA1 {
    var hash = Insecure.SHA1()
    hash.update(data: Array("blob \(size)\0".utf8))
    return hash
  }

  private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }

  /// Reads in pieces: a file may be larger than the memory.
  private static func update(_ hash: inout some HashFunction, with path: String) throws {
    let handle = fopen(path, "rb")
    guard let handle else { throw unreadable(path) }
    defer { fclose(handle) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = fread(&buffer, 1, buffer.count, handle)
      buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      if count < buffer.count { break }
    }
    if ferror(handle) != 0 { throw unreadable(path) }
  }

  private static func unreadable(_ path: String) -> FileError {
    FileError(
      code: .other, message: "cannot read, \(String(cString: strerror(errno)))", path: path,
      remedy: "check the disk and the file")
  }
}
