import Files
import NN
import Torch

/// Reads the parts of a GGUF file one after another, never past its end.
struct GGUFReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - offset else { throw AdapterError("the GGUF file is cut off") }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  mutating func number<Value: FixedWidthInteger>() throws -> Value {
    Value(littleEndian: try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
  }

  mutating func count() throws -> Int {
    let value: UInt64 = try number()
    guard let count = Int(exactly: value) else {
      throw AdapterError("a length in the GGUF file is out of range")
    }
    return count
  }

  mutating func text() throws -> String { String(decoding: try take(count()), as: UTF8.self) }

  mutating func fact() throws -> GGUFFile.Fact {
    let type: UInt32 = try number()
    guard type == 9 else { return try scalar(type) }
    let (element, count): (UInt32, Int) = (try number(), try count())
    // Texts know their own lengths; everything else has one width. Lists of lists do not occur.
    if element == 8 {
      for _ in 0..<count { _ = try text() }
    } else {
      guard let width = Self.widths[element] else { throw AdapterError("GGUF type \(element) is unknown") }
      let size = width.multipliedReportingOverflow(by: count)
      guard !size.overflow else { throw AdapterError("a list in the GGUF file is too long") }
      _ = try take(size.partialValue)
    }
    return .list
  }

  private static let widths: [UInt32: Int] = [
    0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8,
  ]

  private mutating func scalar(_ type: UInt32) throws -> GGUFFile.Fact {
    switch type {
    case 0: .whole(Int(try number() as UInt8))
    case 1: .whole(Int(try number() as Int8))
    case 2: .whole(Int(try number() as UInt16))
    case 3: .whole(Int(try number() as Int16))
    case 4: .whole(Int(try number() as UInt32))
    case 5: .whole(Int(try number() as Int32))
    case 6: .number(Double(Float(bitPattern: try number())))
    case 7: .flag(try number() as UInt8 != 0)
    case 8: .text(try text())
    case 10: .whole(Int(clamping: try number() as UInt64))
    case 11: .whole(Int(try number() as Int64))
    case 12: .number(Double(bitPattern: try number()))
    default: throw AdapterError("GGUF type \(type) is unknown")
    }
  }

  /// A tensor of the file: float32, float16, bfloat16, or Q8_0 made float32.
  static func tensor(
    _ shape: [Int], _ type: UInt32, _ mapping: MappedFile, _ start: Int, _ offset: Int
  ) throws -> Tensor {
    var count = 1
    for size in shape {
      let product = count.multipliedReportingOverflow(by: size)
      guard !product.overflow else { throw AdapterError("a tensor of the GGUF file is too large") }
      count = product.partialValue
    }
    let layouts: [UInt32: (dtype: DType, size: Int)] = [
      0: (.float32, 4), 1: (.float16, 2), 30: (.bfloat16, 2),
    ]
    let bytes = mapping.bytes
    func part(_ size: (partialValue: Int, overflow: Bool)) throws -> UnsafeRawBufferPointer {
      let begin = start.addingReportingOverflow(offset)
      guard !size.overflow, !begin.overflow, begin.partialValue <= bytes.count,
        size.partialValue <= bytes.count - begin.partialValue
      else { throw AdapterError("a tensor of the GGUF file is cut off") }
      return UnsafeRawBufferPointer(
        rebasing: bytes[begin.partialValue..<(begin.partialValue + size.partialValue)])
    }
    if let layout = layouts[type] {
      return try .copying(
        part(count.multipliedReportingOverflow(by: layout.size)), shape: shape, dtype: layout.dtype)
    }
    guard type == 8, count.isMultiple(of: 32) else {
      throw AdapterError("GGUF tensors of type \(type) are not read: convert the adapter to f32 or f16")
    }
    // Blocks of a float16 scale and 32 small whole numbers.
    let blocks = count / 32
    let raw = try Tensor.copying(
      part(blocks.multipliedReportingOverflow(by: 34)), shape: [blocks, 34], dtype: .uint8)
    let scales = try raw.slice(1, 0..<2).contiguous().withBytes {
      try Tensor.copying($0, shape: [blocks, 1], dtype: .float16)
    }
    let values = try raw.slice(1, 2..<34).contiguous().withBytes {
      try Tensor.copying($0, shape: [blocks, 32], dtype: .int8)
    }
    return try (values.to(dtype: .float32) * scales.to(dtype: .float32)).reshaped(shape)
  }
}
