import Files

/// A file that `torch.save` wrote: the tensors in it, by name, and where their bytes are. Nothing in it is executed.
///
/// Both layouts are read: the ZIP archive of torch 1.6 and later, and the sequence of pickles before it.
public struct TorchFile: Sendable {
  public let mapping: MappedFile
  /// Names of nested dictionaries are joined by dots.
  public let tensors: [String: TorchTensor]
  /// The bytes of each storage in ``mapping``, by key.
  private let storages: [String: Range<Int>]

  /// - Throws: ``PickleError`` for anything but tensors in dictionaries, `FileError` when it cannot be read.
  public init(path: String) throws {
    do {
      try self.init(mapping: MappedFile(path: path))
    } catch let error as PickleError {
      throw PickleError("\(error), in \(path)")
    }
  }

  public init(mapping: MappedFile) throws {
    self.mapping = mapping
    (tensors, storages) =
      try ZipArchive.isZip(mapping.bytes) ? Self.archive(ZipArchive(mapping)) : Self.sequence(mapping.bytes)
    for (name, tensor) in tensors {
      let size = tensor.storage.count.multipliedReportingOverflow(by: Self.width(tensor.storage.dtype))
      guard let range = storages[tensor.storage.key], !size.overflow, range.count >= size.partialValue else {
        throw PickleError("the storage of \(name) is missing or cut off")
      }
    }
  }

  /// The bytes of the storage that a tensor of this file is a view of.
  public func storageBytes(of tensor: TorchTensor) -> UnsafeRawBufferPointer {
    let range = storages[tensor.storage.key] ?? 0..<0
    let size = tensor.storage.count * Self.width(tensor.storage.dtype)
    return UnsafeRawBufferPointer(rebasing: mapping.bytes[range].prefix(size))
  }

  private static func width(_ dtype: String) -> Int {
    switch dtype {
    case "float64", "int64": 8
    case "float32", "int32": 4
    case "float16", "bfloat16", "int16": 2
    default: 1
    }
  }

  private static func archive(_ zip: ZipArchive) throws -> ([String: TorchTensor], [String: Range<Int>]) {
    guard let name = zip.members.keys.first(where: { $0.hasSuffix("/data.pkl") }),
      let bytes = zip.bytes(of: name)
    else { throw PickleError("the archive has no data.pkl: torch did not write it") }
    let root = name.dropLast("data.pkl".count)
    if let order = zip.bytes(of: "\(root)byteorder"), String(decoding: order, as: UTF8.self) != "little" {
      throw PickleError("the archive is big-endian: save it again on another machine")
    }
    var cursor = ByteCursor(bytes)
    var reader = Unpickler()
    let value = try reader.load(&cursor)
    let prefix = "\(root)data/"
    let storages = zip.members.filter { $0.key.hasPrefix(prefix) }.map {
      (String($0.key.dropFirst(prefix.count)), $0.value)
    }
    return (
      try flattened(value, reader.heap), Dictionary(storages, uniquingKeysWith: { first, _ in first })
    )
  }

  /// A magic number, a version, facts of the machine, the object, the keys of the storages, and then those.
  private static func sequence(_ bytes: UnsafeRawBufferPointer) throws -> (
    [String: TorchTensor], [String: Range<Int>]
  ) {
    var cursor = ByteCursor(bytes)
    var reader = Unpickler()
    let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    guard bytes.count > 2, bytes[0] == 0x80, case .big(let found) = try reader.load(&cursor), found == magic
    else {
      throw PickleError("torch did not write this file")
    }
    _ = try reader.load(&cursor)
    _ = try reader.load(&cursor)
    let value = try reader.load(&cursor)
    let tensors = try flattened(value, reader.heap)
    let list = try reader.load(&cursor)
    let keys = reader.heap.elements(list) ?? []
    let dtypes = Dictionary(
      tensors.values.map { ($0.storage.key, $0.storage.dtype) }, uniquingKeysWith: { first, _ in first })
    var storages: [String: Range<Int>] = [:]
    for key in keys {
      guard let name = key.text ?? key.int.map(String.init) else { throw PickleError("a storage has no key") }
      let count = try cursor.length(UInt64.self)
      let size = count.multipliedReportingOverflow(by: width(dtypes[name] ?? "float32"))
      guard !size.overflow else { throw PickleError("a storage is too large") }
      let start = cursor.offset
      _ = try cursor.take(size.partialValue)
      storages[name] = start..<cursor.offset
    }
    return (tensors, storages)
  }

  /// Tensors of dictionaries in dictionaries; numbers and texts beside them are left out.
  private static func flattened(_ value: PickleValue, _ heap: PickleHeap) throws -> [String: TorchTensor] {
    var tensors: [String: TorchTensor] = [:]
    var visited: Set<Int> = []
    var pending: [(name: String, value: PickleValue)] = [("", value)]
    while let (name, value) = pending.popLast() {
      if case .tensor(let tensor) = value { tensors[name] = tensor }
      guard case .dictionary(let index) = value, visited.insert(index).inserted else { continue }
      for (key, inner) in heap.dictionaries[index] {
        guard let key = key.text ?? key.int.map(String.init) else { continue }
        pending.append((name.isEmpty ? key : "\(name).\(key)", inner))
      }
    }
    guard !tensors.isEmpty else { throw PickleError("the file has no tensors") }
    return tensors
  }
}
