import Files
import Foundation

/// A lock between processes, by `flock` on a file as `huggingface_hub` does; given back with the value, or the process.
final class FileLock {
  private let descriptor: Int32

  /// Waits until nobody else holds it.
  init(_ path: String) throws {
    try Folder.create(Folder.containing(path))
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
    guard descriptor >= 0 else { throw Self.error(path) }
    while flock(descriptor, LOCK_EX) != 0 {
      // A file system without locks: two downloads at once then cost bandwidth, nothing else.
      guard errno == EINTR else { return }
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static func error(_ path: String) -> FileError {
    FileError(
      code: .other, message: "cannot open a lock, \(String(cString: strerror(errno)))", path: path,
      remedy: "check the permissions of the cache, or choose another (HF_HUB_CACHE)")
  }
}
