/// The bytes of a file in memory without reading it: pages come in as they are touched.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A memory-mapped file, unmapped when the last reference goes. Whoever points into `bytes` keeps the object.
///
/// The mapping is private and copies on write: code that is handed a mutable pointer into it, as tensor
/// engines are, changes its own pages and never the file. The file must not be truncated meanwhile; the
/// system ends a process that touches pages which are gone.
///
/// `@unchecked Sendable`: all properties are set once, and this class itself only reads the bytes.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// The whole file, beginning on a page boundary.
  public let bytes: UnsafeRawBufferPointer
  private let storage: Storage

  private enum Storage {
    case none
    case mapped(UnsafeMutableRawPointer, count: Int)
    case allocated(UnsafeMutableRawBufferPointer)
  }

  /// Maps the file at `path`.
  ///
  /// - Throws: `FileError` if it is missing, unreadable, or not a regular file.
  public init(path: String) throws(FileError) {
    let file = try Descriptor(reading: path)
    let (kind, size) = try file.status()
    guard kind != S_IFDIR else { throw FileError(number: EISDIR, action: "map", path: path) }
    guard kind == S_IFREG else {
      throw FileError(
        code: .other, message: "cannot map what is not a regular file", path: path,
        remedy: "copy its contents into a file first")
    }
    self.path = path
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      storage = .none
      return
    }
    // Without NORESERVE a file larger than the memory could not be mapped for writing.
    let flags = MAP_PRIVATE | MAP_NORESERVE
    guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, file.number, 0), start != MAP_FAILED
    else { throw FileError(number: errno, action: "map", path: path) }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
    storage = .mapped(start, count: size)
  }

  /// A copy of `contents` that stands in for a file, for data that comes from elsewhere.
  ///
  /// - Parameter path: what errors call it.
  public init(copying contents: some Collection<UInt8>, path: String = "bytes in memory") {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
    buffer.copyBytes(from: contents)
    self.path = path
    bytes = UnsafeRawBufferPointer(buffer)
    storage = .allocated(buffer)
  }

  deinit {
    switch storage {
    case .none: break
    case .mapped(let start, let count): munmap(start, count)
    case .allocated(let buffer): buffer.deallocate()
    }
  }
}
