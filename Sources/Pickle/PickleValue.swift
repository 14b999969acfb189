/// What a pickle holds, as far as tensors need it.
///
/// Lists and dictionaries are numbers into ``PickleHeap``: what a file nests in itself, however deeply, is never walked
/// nor freed recursively.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  /// A whole number of more than 64 bits, as its little-endian bytes.
  case big([UInt8])
  case real(Double)
  case text(String)
  case bytes([UInt8])
  case list(Int)
  case dictionary(Int)
  /// A name such as `torch.FloatStorage`, which is never looked up.
  case name(String)
  /// A stored piece of memory: its element type's name, key and number of elements.
  case storage(TorchStorage)
  case tensor(TorchTensor)
  /// What an allowed call of no interest gives.
  case nothing

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var int: Int? { if case .int(let value) = self { value } else { nil } }
}

/// A piece of memory that tensors of a file share.
public struct TorchStorage: Hashable, Sendable {
  /// As torch names it, such as `float32`.
  public let dtype: String
  public let key: String
  public let count: Int
}

/// A tensor of a file: a view of a storage.
public struct TorchTensor: Hashable, Sendable {
  public let storage: TorchStorage
  public let offset: Int
  public let shape, strides: [Int]
}

/// The lists (tuples and sets too) and dictionaries of a pickle.
struct PickleHeap {
  var lists: [[PickleValue]] = []
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []

  mutating func list(_ values: [PickleValue]) -> PickleValue {
    lists.append(values)
    return .list(lists.count - 1)
  }

  mutating func dictionary(_ pairs: [(key: PickleValue, value: PickleValue)] = []) -> PickleValue {
    dictionaries.append(pairs)
    return .dictionary(dictionaries.count - 1)
  }

  func elements(_ value: PickleValue) -> [PickleValue]? {
    if case .list(let index) = value { lists[index] } else { nil }
  }

  func pairs(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
    if case .dictionary(let index) = value { dictionaries[index] } else { nil }
  }
}
