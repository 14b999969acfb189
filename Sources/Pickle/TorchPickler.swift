/// Writes the pickle of a dictionary of tensors, as `torch.save` does.
public struct TorchPickler {
  public private(set) var bytes: [UInt8] = [0x80, 2]

  public init() {
    call("collections", "OrderedDict", [])
    bytes.append(UInt8(ascii: "("))
  }

  private static let storages = [
    "float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage", "int64": "LongStorage", "int32": "IntStorage", "int16": "ShortStorage",
    "int8": "CharStorage", "uint8": "ByteStorage", "bool": "BoolStorage",
  ]

  /// A contiguous tensor whose storage is the member `key`.
  ///
  /// - Throws: ``PickleError`` for a type that torch's files do not hold.
  public mutating func add(_ name: String, key: String, dtype: String, shape: [Int]) throws {
    guard let storage = Self.storages[dtype] else {
      throw PickleError("torch's files hold no \(dtype) (\(name))")
    }
    text(name)
    global("torch._utils", "_rebuild_tensor_v2")
    bytes += Array("((".utf8)
    text("storage")
    global("torch", storage)
    text(key)
    text("cpu")
    whole(shape.reduce(1, *))
    bytes += Array("tQ".utf8)
    whole(0)
    tuple(shape)
    tuple(shape.indices.map { shape[($0 + 1)...].reduce(1, *) })
    bytes.append(0x89)
    call("collections", "OrderedDict", [])
    bytes += Array("tR".utf8)
  }

  public mutating func finish() { bytes += Array("u.".utf8) }

  private mutating func global(_ module: String, _ name: String) {
    bytes += Array("c\(module)\n\(name)\n".utf8)
  }

  private mutating func call(_ module: String, _ name: String, _ arguments: [Int]) {
    global(module, name)
    tuple(arguments)
    bytes.append(UInt8(ascii: "R"))
  }

  private mutating func text(_ text: String) {
    bytes.append(UInt8(ascii: "X"))
    withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += Array(text.utf8)
  }

  private mutating func whole(_ value: Int) {
    bytes += [0x8A, 8]
    withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func tuple(_ values: [Int]) {
    bytes.append(UInt8(ascii: "("))
    for value in values { whole(value) }
    bytes.append(UInt8(ascii: "t"))
  }
}
