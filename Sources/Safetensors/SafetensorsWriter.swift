/// Writing one safetensors file piece by piece, so that the tensors need never be in memory together.

import Files
import JSON

/// A file under construction. It is byte for byte what the reference implementation writes for the same
/// tensors, except that it sorts the metadata, which the reference leaves to chance.
///
/// Append the bytes of each of `tensors` in that order, in as many pieces as you like, then `finish()`.
/// Until then nothing stands under the file's name, and if the writer goes away nothing ever will.
public final class SafetensorsWriter {
  /// What to append, in file order: wide elements first, then by name.
  public let tensors: [SafetensorsTensor]
  private let file: AtomicFile
  private var position = 0
  /// Bytes of the tensor at `position` that are written.
  private var written = 0

  /// Begins the file `path` with its header.
  ///
  /// - Throws: `SafetensorsError` if two tensors have one name or the header would be too large,
  ///   `FileError` if the file cannot be made.
  public init(_ path: String, tensors: [SafetensorsLayout], metadata: [String: String] = [:]) throws {
    let header = try SafetensorsHeader(layouts: tensors, metadata: metadata, path: path)
    self.tensors = header.tensors
    file = try AtomicFile(path)
    try header.encoded.withUnsafeBytes { try file.write($0) }
  }

  /// Appends `bytes`, all or the next part of what the tensor called `name` consists of.
  ///
  /// - Throws: `SafetensorsError` if it is not this tensor's turn or the bytes are too many; `FileError`
  ///   if they cannot be written.
  public func append(_ bytes: UnsafeRawBufferPointer, of name: String) throws {
    while position < tensors.count, written == tensors[position].byteCount,
      ByteString(tensors[position].name) != ByteString(name)
    {
      position += 1
      written = 0
    }
    guard position < tensors.count, ByteString(tensors[position].name) == ByteString(name) else {
      let expected = position < tensors.count ? "bytes of \(quoted(tensors[position].name))" : "no more bytes"
      throw misuse("bytes of \(quoted(name)) where \(expected) were expected")
    }
    guard bytes.count <= tensors[position].byteCount - written else {
      throw misuse("more than the \(tensors[position].byteCount) bytes of \(quoted(name))")
    }
    try file.write(bytes)
    written += bytes.count
  }

  /// Gives the complete file its name.
  ///
  /// - Throws: `SafetensorsError` if bytes are missing, `FileError` if the disk fails.
  public func finish() throws {
    try seal()
    try file.commit()
  }

  /// Completes the file on the disk, still without a name.
  func seal() throws {
    while position < tensors.count, written == tensors[position].byteCount {
      position += 1
      written = 0
    }
    guard position == tensors.count else {
      throw misuse(
        "\(tensors[position].byteCount - written) bytes of \(quoted(tensors[position].name)) missing")
    }
    try file.seal()
  }

  /// Gives the sealed file its name.
  func commit() throws { try file.commit() }

  private func misuse(_ message: String) -> SafetensorsError {
    SafetensorsError(
      code: .invalidRequest, message: message, path: file.path,
      remedy: "append each tensor's bytes once, in the writer's order")
  }
}

extension SafetensorsWriter {
  /// Takes the bytes of a tensor in one or more pieces.
  public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  /// Writes the file `path` whole; `supply` is asked for each tensor's bytes in turn.
  public static func write(
    _ path: String, tensors: [SafetensorsLayout], metadata: [String: String] = [:],
    supply: (SafetensorsLayout, Sink) throws -> Void
  ) throws {
    let writer = try SafetensorsWriter(path, tensors: tensors, metadata: metadata)
    try writer.appendAll(supply)
    try writer.finish()
  }

  func appendAll(_ supply: (SafetensorsLayout, Sink) throws -> Void) throws {
    for tensor in tensors {
      try supply(tensor.layout) { try append($0, of: tensor.name) }
    }
  }
}
