/// The system's error numbers, said as a `FileError`.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension FileError {
  /// The error for a failed system call.
  ///
  /// - Parameters:
  ///   - number: `errno` as the call left it.
  ///   - action: what was attempted, as in `cannot ACTION`.
  init(number: Int32, action: String, path: String) {
    switch number {
    case ENOENT, ENOTDIR:
      self.init(
        code: .notFound, message: "cannot \(action): no such file or folder", path: path,
        remedy: "check the path")
    case EACCES, EPERM:
      self.init(
        code: .permission, message: "cannot \(action): permission denied", path: path,
        remedy: "check who owns the file and its folder, and their modes")
    case EROFS:
      self.init(
        code: .permission, message: "cannot \(action): the file system is read-only", path: path,
        remedy: "choose a folder on a writable file system")
    case ENOSPC:
      self.init(
        code: .diskFull, message: "cannot \(action): no space left on the disk", path: path,
        remedy: "free some space or choose a folder on another disk")
    case EDQUOT:
      self.init(
        code: .diskFull, message: "cannot \(action): the disk quota is used up", path: path,
        remedy: "free some space or choose a folder on another disk")
    case EFBIG:
      self.init(
        code: .diskFull, message: "cannot \(action): the file grew beyond the size limit", path: path,
        remedy: "raise the limit (ulimit -f) or write smaller shards")
    case EISDIR:
      self.init(
        code: .other, message: "cannot \(action): it is a folder", path: path,
        remedy: "name a file")
    case EMFILE, ENFILE:
      self.init(
        code: .other, message: "cannot \(action): too many open files", path: path,
        remedy: "raise the limit (ulimit -n)")
    default:
      self.init(
        code: .other, message: "cannot \(action): \(String(cString: strerror(number)))", path: path,
        remedy: "check the disk and the file")
    }
  }
}
