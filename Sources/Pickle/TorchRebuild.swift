/// The few calls that `torch.save` writes into a pickle, by name.
enum TorchRebuild {
  private static let storages = [
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16",
    "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "Float8_e4m3fnStorage": "float8_e4m3fn", "Float8_e5m2Storage": "float8_e5m2",
  ]

  /// What a persistent id means: `("storage", type, key, location, elements)`.
  static func storage(_ parts: [PickleValue]) throws -> TorchStorage {
    guard parts.count >= 5, parts[0].text == "storage", case .name(let name) = parts[1],
      let key = parts[2].text ?? parts[2].int.map(String.init), let count = parts[4].int, count >= 0
    else { throw PickleError("the pickle has a storage of unknown form") }
    guard name.hasPrefix("torch."), let dtype = storages[String(name.dropFirst(6))] else {
      throw refused(name)
    }
    return TorchStorage(dtype: dtype, key: key, count: count)
  }

  static func call(_ callee: PickleValue, _ arguments: [PickleValue], _ heap: inout PickleHeap) throws
    -> PickleValue
  {
    guard case .name(let name) = callee else {
      throw PickleError("the pickle calls something without a name")
    }
    switch name {
    case "collections.OrderedDict":
      let items = arguments.first.flatMap { heap.elements($0) } ?? []
      return heap.dictionary(
        try items.map { item in
          guard let pair = heap.elements(item), pair.count == 2 else { throw refused(name) }
          return (pair[0], pair[1])
        })
    case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor":
      return .tensor(try tensor(arguments, heap))
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard case .tensor(let tensor)? = arguments.first else { throw refused(name) }
      return .tensor(tensor)
    case "torch.Size", "builtins.set", "__builtin__.set", "builtins.list", "builtins.tuple":
      return arguments.first ?? heap.list([])
    case "torch.device", "torch.serialization._get_layout": return .nothing
    default: throw refused(name)
    }
  }

  private static func tensor(_ arguments: [PickleValue], _ heap: PickleHeap) throws -> TorchTensor {
    guard arguments.count >= 4, case .storage(let storage) = arguments[0], let offset = arguments[1].int,
      let shape = heap.elements(arguments[2])?.compactMap(\.int),
      let strides = heap.elements(arguments[3])?.compactMap(\.int), shape.count == strides.count,
      shape.count <= 16, (shape + strides).allSatisfy({ $0 >= 0 }), offset >= 0
    else { throw PickleError("the pickle has a tensor of unknown form") }
    var (last, count) = (offset, 1)
    for (size, stride) in zip(shape, strides) {
      let (reach, first) = max(0, size - 1).multipliedReportingOverflow(by: stride)
      let (sum, second) = last.addingReportingOverflow(reach)
      let (product, third) = count.multipliedReportingOverflow(by: size)
      guard !first, !second, !third else { throw PickleError("a tensor of the pickle is too large") }
      (last, count) = (sum, product)
    }
    // Expanded tensors would take more memory than the file has bytes.
    guard count <= storage.count, count == 0 || last < storage.count else {
      throw PickleError("a tensor of shape \(shape) does not fit its storage: the file is damaged")
    }
    return TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private static func refused(_ name: String) -> PickleError {
    PickleError("the pickle wants to call \(name), which is refused: save tensors alone, best as safetensors")
  }
}
