import Files
import NN
import Torch

/// A GGUF file, version 3: facts by key, and tensors. What adapters need of it.
///
/// Source: ggml's docs/gguf.md.
struct GGUFFile {
  enum Fact: Hashable {
    case text(String)
    case number(Double)
    case whole(Int)
    case flag(Bool)
    /// A list, which adapters have no use for.
    case list

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Double? {
      switch self {
      case .number(let value): value
      case .whole(let value): Double(value)
      default: nil
      }
    }
  }

  private(set) var facts: [(key: String, value: Fact)] = []
  private(set) var tensors: [(name: String, tensor: Tensor)] = []

  init(facts: [(key: String, value: Fact)], tensors: [(name: String, tensor: Tensor)]) {
    (self.facts, self.tensors) = (facts, tensors)
  }

  subscript(key: String) -> Fact? { facts.first { $0.key == key }?.value }

  static let alignment = 32

  static func aligned(_ offset: Int, to alignment: Int = alignment) -> Int {
    (offset + alignment - 1) / alignment * alignment
  }

  // MARK: Reading

  /// - Throws: ``AdapterError`` for a file that is no GGUF of version 2 or 3, or is cut off.
  init(path: String) throws {
    let mapping = try MappedFile(path: path)
    do {
      try read(mapping)
    } catch let error as AdapterError {
      throw AdapterError("\(error), \(path)")
    }
  }

  private mutating func read(_ mapping: MappedFile) throws {
    var reader = GGUFReader(mapping.bytes)
    guard try reader.take(4).elementsEqual("GGUF".utf8) else { throw AdapterError("not a GGUF file") }
    let version: UInt32 = try reader.number()
    guard version == 2 || version == 3 else { throw AdapterError("GGUF version \(version) is not read") }
    let (tensorCount, factCount) = (try reader.count(), try reader.count())
    for _ in 0..<factCount { facts.append((try reader.text(), try reader.fact())) }
    var places: [(name: String, shape: [Int], type: UInt32, offset: Int)] = []
    for _ in 0..<tensorCount {
      let name = try reader.text()
      let dimensions: UInt32 = try reader.number()
      guard dimensions <= 8 else { throw AdapterError("tensor \(name) has \(dimensions) dimensions") }
      // The fastest dimension comes first in the file.
      let shape = try (0..<dimensions).map { _ in try reader.count() }.reversed()
      places.append((name, Array(shape), try reader.number(), try reader.count()))
    }
    let alignment = self["general.alignment"]?.number.flatMap { Int(exactly: $0) } ?? Self.alignment
    guard (1...65536).contains(alignment) else { throw AdapterError("general.alignment is \(alignment)") }
    let start = Self.aligned(reader.offset, to: alignment)
    for place in places {
      tensors.append(
        (place.name, try GGUFReader.tensor(place.shape, place.type, mapping, start, place.offset)))
    }
  }

  // MARK: Writing

  /// Writes the file atomically; tensors in float32, float16 or bfloat16.
  func write(to path: String) throws {
    var header = Array("GGUF".utf8)
    header.append(number: UInt32(3))
    header.append(number: UInt64(tensors.count))
    header.append(number: UInt64(facts.count))
    for (key, value) in facts {
      header.append(text: key)
      try header.append(fact: value, key)
    }
    var offset = 0
    for (name, tensor) in tensors {
      header.append(text: name)
      header.append(number: UInt32(tensor.rank))
      for size in tensor.shape.reversed() { header.append(number: UInt64(size)) }
      header.append(number: try Self.type(of: tensor, name))
      header.append(number: UInt64(offset))
      offset = Self.aligned(offset + tensor.byteCount)
    }
    let file = try AtomicFile(path)
    try file.write(padded: header)
    for (_, tensor) in tensors {
      try tensor.detached().to(device: .cpu).contiguous().withBytes { try file.write(padded: Array($0)) }
    }
    try file.commit()
  }

  private static func type(of tensor: Tensor, _ name: String) throws -> UInt32 {
    switch tensor.dtype {
    case .float32: 0
    case .float16: 1
    case .bfloat16: 30
    default: throw AdapterError("GGUF adapters hold no \(tensor.dtype) (\(name)): convert it to float32")
    }
  }
}

extension AtomicFile {
  fileprivate func write(padded bytes: [UInt8]) throws {
    let whole = bytes + Array(repeating: 0, count: GGUFFile.aligned(bytes.count) - bytes.count)
    try whole.withUnsafeBytes { try write($0) }
  }
}

extension [UInt8] {
  fileprivate mutating func append(number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(text: String) {
    append(number: UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }

  fileprivate mutating func append(fact: GGUFFile.Fact, _ key: String) throws {
    switch fact {
    case .text(let text):
      append(number: UInt32(8))
      append(text: text)
    case .number(let value):
      append(number: UInt32(6))
      append(number: Float(value).bitPattern)
    case .whole(let value):
      append(number: UInt32(4))
      append(number: UInt32(clamping: value))
    case .flag(let value):
      append(number: UInt32(7))
      append(value ? 1 : 0)
    case .list: throw AdapterError("the list \(key) cannot be written")
    }
  }
}
