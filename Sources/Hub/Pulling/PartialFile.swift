import Files
import Foundation

/// A file that grows at its end, and may have begun in an earlier run.
///
/// Not for use from several threads at once.
final class PartialFile {
  private let path: String
  private let descriptor: Int32
  private(set) var count: Int

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      count = 0
      throw Self.error("cannot write, \(String(cString: strerror(errno)))", path)
    }
    count = Int(lseek(descriptor, 0, SEEK_END))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = write(descriptor, rest.baseAddress, rest.count)
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw Self.error("cannot write, \(String(cString: strerror(errno)))", path) }
      count += written
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Begins anew.
  func truncate() throws {
    guard ftruncate(descriptor, 0) == 0 else { throw Self.error("cannot empty the file", path) }
    count = 0
  }

  func synchronize() throws {
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw Self.error("cannot write, \(String(cString: strerror(errno)))", path)
    }
  }

  private static func error(_ message: String, _ path: String) -> FileError {
    FileError(
      code: .other, message: message, path: path,
      remedy: "check the permissions and the space of the disk, or choose another folder")
  }
}
