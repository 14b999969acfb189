/// One safetensors file, mapped into memory and checked; tensors are views of its bytes, never copies.

import Files
import JSON

public struct SafetensorsFile: Sendable {
  /// Holds the bytes. Whoever keeps a pointer into them keeps this too.
  public let mapping: MappedFile
  public let metadata: [String: String]
  /// In the order of their bytes.
  public let tensors: [SafetensorsTensor]
  private let positions: [ByteString: Int]

  public var path: String { mapping.path }

  /// Maps the file at `path` and reads its header; the tensors' bytes stay on the disk until touched.
  ///
  /// - Throws: `FileError` if it cannot be mapped, `SafetensorsError` if it does not follow the format.
  public init(path: String) throws {
    try self.init(mapping: MappedFile(path: path))
  }

  /// The file that `bytes` are the contents of.
  ///
  /// - Parameter path: what errors call it.
  public init(
    bytes: some Collection<UInt8>, path: String = "bytes in memory"
  ) throws(SafetensorsError) {
    try self.init(mapping: MappedFile(copying: bytes, path: path))
  }

  public init(mapping: MappedFile) throws(SafetensorsError) {
    let header = try SafetensorsHeader(reading: mapping.bytes, path: mapping.path)
    self.mapping = mapping
    metadata = header.metadata
    tensors = header.tensors
    var positions = [ByteString: Int](minimumCapacity: tensors.count)
    for (position, tensor) in tensors.enumerated() { positions[ByteString(tensor.name)] = position }
    self.positions = positions
  }

  public var names: [String] { tensors.map(\.name) }

  /// The tensor called `name`, if there is one; names are told apart by their bytes.
  public subscript(name: String) -> SafetensorsTensor? {
    positions[ByteString(name)].map { tensors[$0] }
  }

  /// The bytes of a tensor of this file, little-endian and row by row; valid while `mapping` lives.
  ///
  /// - Throws: `SafetensorsError` if the tensor is not one of this file's.
  public func bytes(of tensor: SafetensorsTensor) throws(SafetensorsError) -> UnsafeRawBufferPointer {
    guard self[tensor.name] == tensor else { throw missing(tensor.name) }
    return UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.byteRange])
  }

  /// Calls `body` with the bytes of the tensor called `name`.
  ///
  /// - Throws: `SafetensorsError` if there is no such tensor, and what `body` throws.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard let tensor = self[name] else { throw missing(name) }
    return try withExtendedLifetime(mapping) { try body(bytes(of: tensor)) }
  }

  private func missing(_ name: String) -> SafetensorsError {
    SafetensorsError(
      code: .notFound, message: "no tensor called \(quoted(name))", path: path,
      remedy: "check the name, or whether this is the right file")
  }

  /// Whether the tensor's elements may be read in place. The format does not promise it: files of other
  /// programs, or of old versions, may begin their data anywhere, and such tensors must be copied out.
  public func isAligned(_ tensor: SafetensorsTensor) -> Bool {
    guard let start = mapping.bytes.baseAddress else { return true }
    return (Int(bitPattern: start) &+ tensor.byteRange.lowerBound) % tensor.dtype.alignment == 0
  }
}
