/// An open file: the handful of system calls the room needs, each one throwing.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

struct Descriptor: ~Copyable {
  let number: Int32
  /// For error messages; the descriptor itself keeps no name.
  let path: String

  init(reading path: String) throws(FileError) {
    try self.init(path: path, flags: O_RDONLY | O_CLOEXEC, mode: 0, action: "open")
  }

  /// A new file that nobody else holds; fails if the name is taken. Errors call it `name`.
  init(creating path: String, reportedAs name: String) throws(FileError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    try self.init(path: path, flags: flags, mode: 0o666, action: "write", reportedAs: name)
  }

  init(
    path: String, flags: Int32, mode: mode_t, action: String, reportedAs name: String? = nil
  ) throws(FileError) {
    let name = name ?? path
    guard !path.utf8.contains(0) else { throw FileError(number: ENOENT, action: action, path: name) }
    let opened = uninterrupted { open(path, flags, mode) }
    guard opened >= 0 else { throw FileError(number: errno, action: action, path: name) }
    number = Int32(truncatingIfNeeded: opened)
    self.path = name
  }

  deinit { close(number) }

  /// The kind of file and its size in bytes.
  func status() throws(FileError) -> (kind: mode_t, size: Int) {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw FileError(number: errno, action: "examine", path: path) }
    return (status.st_mode & S_IFMT, Int(status.st_size))
  }

  /// Fills `buffer` from the current position; fewer bytes than asked mean the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = uninterrupted { systemRead(number, rest) }
      guard count >= 0 else { throw FileError(number: errno, action: "read", path: path) }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes
    while !rest.isEmpty {
      let slice = rest
      let count = uninterrupted { systemWrite(number, slice) }
      guard count > 0 else {
        throw FileError(number: count == 0 ? ENOSPC : errno, action: "write", path: path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Waits until what was written is on the disk.
  func synchronize() throws(FileError) {
    let result = uninterrupted { Int(fsync(number)) }
    // Some file systems cannot synchronize a folder, or anything; nothing is lost by carrying on there.
    guard result == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw FileError(number: errno, action: "write", path: path)
    }
  }
}

/// One system call never moves more than this; both systems refuse or shorten larger requests.
private let largestTransfer = 1 << 30

private func systemRead(_ number: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(number, buffer.baseAddress, min(buffer.count, largestTransfer))
}

private func systemWrite(_ number: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(number, bytes.baseAddress, min(bytes.count, largestTransfer))
}

/// Repeats a system call that a signal cut short.
private func uninterrupted(_ call: () -> some BinaryInteger) -> Int {
  while true {
    let result = Int(call())
    if result != -1 || errno != EINTR { return result }
  }
}
