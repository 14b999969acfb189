/// Writing a file so that its name never shows half of it.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file under construction: it takes its name at `commit()`, complete and on the disk, replacing what was there.
///
/// Until then the bytes gather under a hidden temporary name in the same folder, which goes away with this
/// object. Not for use from several threads at once.
public final class AtomicFile {
  /// The name the file will have.
  public let path: String
  private let temporaryPath: String
  private var stage: Stage

  private enum Stage {
    case writing(OpenFile)
    case sealed
    case committed
    case failed
  }

  /// A class around the descriptor, since enumeration cases cannot be taken apart in place.
  private final class OpenFile {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  }

  /// Begins a file that will be called `path`. A link under that name will be replaced, not followed.
  ///
  /// - Throws: `FileError` if the folder is missing or not writable, or the name is a folder's or a device's.
  public init(_ path: String) throws(FileError) {
    let replaced = try Self.replaceable(path)
    let folder = Folder.containing(path)
    let suffix = String(UInt64.random(in: .min ... .max), radix: 16)
    temporaryPath = Folder.join(folder, ".tmp-" + suffix)
    self.path = path
    let descriptor = try Descriptor(creating: temporaryPath, reportedAs: path)
    if let replaced { fchmod(descriptor.number, replaced) }
    stage = .writing(OpenFile(descriptor))
  }

  deinit {
    if case .committed = stage { return }
    unlink(temporaryPath)
  }

  /// Appends `bytes`.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard case .writing(let file) = stage else { throw misuse("written to") }
    do throws(FileError) {
      try file.descriptor.write(bytes)
    } catch {
      stage = .failed
      throw error
    }
  }

  /// Puts what was written on the disk and closes the file, which then waits for `commit()`.
  public func seal() throws(FileError) {
    guard case .writing(let file) = stage else { throw misuse("sealed") }
    stage = .failed
    try file.descriptor.synchronize()
    stage = .sealed
  }

  /// Gives the file its name. A crash at any moment leaves either the old file or the new one.
  public func commit() throws(FileError) {
    if case .writing = stage { try seal() }
    guard case .sealed = stage else { throw misuse("committed") }
    guard rename(temporaryPath, path) == 0 else {
      throw FileError(number: errno, action: "write", path: path)
    }
    stage = .committed
    try Folder.synchronize(Folder.containing(path))
  }

  private func misuse(_ verb: String) -> FileError {
    FileError(
      code: .other, message: "a file that is closed or failed cannot be \(verb)", path: path,
      remedy: "write it again from the beginning")
  }

  /// The mode of the file that would be replaced, nil if there is none.
  private static func replaceable(_ path: String) throws(FileError) -> mode_t? {
    guard !path.isEmpty, !path.hasSuffix("/") else {
      throw FileError(number: EISDIR, action: "write", path: path)
    }
    guard !path.utf8.contains(0) else { throw FileError(number: ENOENT, action: "write", path: path) }
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return status.st_mode & 0o7777
    case S_IFDIR: throw FileError(number: EISDIR, action: "write", path: path)
    default:
      throw FileError(
        code: .other, message: "cannot replace what is not a regular file", path: path,
        remedy: "name a file")
    }
  }
}

extension AtomicFile {
  /// Writes `bytes` to `path`, all or nothing.
  public static func write(_ path: String, _ bytes: some Collection<UInt8>) throws(FileError) {
    let file = try AtomicFile(path)
    var failure: FileError?
    func write(_ bytes: UnsafeRawBufferPointer) {
      do throws(FileError) { try file.write(bytes) } catch { failure = error }
    }
    if bytes.withContiguousStorageIfAvailable({ write(UnsafeRawBufferPointer($0)) }) == nil {
      Array(bytes).withUnsafeBytes(write)
    }
    if let failure { throw failure }
    try file.commit()
  }

  /// Writes `text` in UTF-8 to `path`, all or nothing.
  public static func write(_ path: String, _ text: String) throws(FileError) {
    try write(path, text.utf8)
  }
}
