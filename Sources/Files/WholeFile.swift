/// Reading a small file whole, whatever kind of file it is (a pipe and `/dev/stdin` included).

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

public enum WholeFile {
  /// All bytes of the file at `path`. Weights belong in a `MappedFile` instead.
  ///
  /// - Throws: `FileError` if the file is missing, unreadable or a folder.
  public static func read(_ path: String) throws(FileError) -> [UInt8] {
    let file = try Descriptor(reading: path)
    let (kind, size) = try file.status()
    guard kind != S_IFDIR else { throw FileError(number: EISDIR, action: "read", path: path) }
    var bytes: [UInt8] = []
    var filled = 0
    // The size is a hint only: a pipe says 0, and a file may grow. A short read is the end.
    var capacity = max(size, 0) + 1
    while true {
      bytes.append(contentsOf: repeatElement(0, count: capacity - bytes.count))
      let count = try fill(&bytes, from: filled, file)
      filled += count
      if filled < capacity { break }
      capacity += max(capacity, 1 << 16)
    }
    bytes.removeSubrange(filled...)
    return bytes
  }

  private static func fill(
    _ bytes: inout [UInt8], from start: Int, _ file: borrowing Descriptor
  ) throws(FileError) -> Int {
    var outcome: Result<Int, FileError> = .success(0)
    bytes.withUnsafeMutableBytes { buffer in
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
      do throws(FileError) {
        outcome = .success(try file.read(into: rest))
      } catch {
        outcome = .failure(error)
      }
    }
    return try outcome.get()
  }
}
