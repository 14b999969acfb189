import Files
import Foundation
import NN
import Pickle
import Torch

/// Arrays of a `.npz` file.
///
/// Source: NumPy's documentation, "A simple file format for NumPy arrays", versions 1 to 3.
struct NumpyArchive: TensorSource {
  private let archive: ZipArchive
  private let arrays: [String: Array]

  private struct Array {
    let dtype: DType
    let shape: [Int]
    let isFortran: Bool
    let member: String
    let start: Int
  }

  /// - Throws: ``PickleError`` or ``AdapterError`` for a file that is no archive of arrays.
  init(path: String) throws {
    archive = try ZipArchive(MappedFile(path: path))
    var arrays: [String: Array] = [:]
    for member in archive.members.keys where member.hasSuffix(".npy") {
      guard let bytes = archive.bytes(of: member), let array = Self.array(bytes, member) else {
        throw AdapterError("\(member) is no array of numbers, \(path): save it again")
      }
      arrays[String(member.dropLast(4))] = array
    }
    self.arrays = arrays
  }

  var names: [String] { arrays.keys.sorted() }
  func shape(of name: String) -> [Int]? { arrays[name]?.shape }

  func tensor(named name: String) throws -> Tensor {
    guard let array = arrays[name], let bytes = archive.bytes(of: array.member) else {
      throw AdapterError("there is no array named \(name)")
    }
    let data = UnsafeRawBufferPointer(rebasing: bytes[array.start...])
    let shape = array.isFortran ? array.shape.reversed() : array.shape
    let tensor = try Tensor.copying(data, shape: shape, dtype: array.dtype)
    return try array.isFortran ? tensor.permuted((0..<shape.count).reversed()).contiguous() : tensor
  }

  private static let types: [String: DType] = [
    "<f4": .float32, "<f8": .float64, "<f2": .float16, "<i4": .int32, "<i8": .int64,
  ]

  /// The header of an array: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
  private static func array(_ bytes: UnsafeRawBufferPointer, _ member: String) -> Array? {
    guard bytes.count > 12, bytes.prefix(6).elementsEqual([0x93] + "NUMPY".utf8) else { return nil }
    let isLong = bytes[6] > 1
    let length = (0..<(isLong ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let begin = isLong ? 12 : 10
    guard length <= bytes.count - begin else { return nil }
    let header = String(decoding: bytes[begin..<(begin + length)], as: UTF8.self)
    func value(_ key: String) -> Substring? {
      header.range(of: "'\(key)':").map { header[$0.upperBound...].drop { $0 == " " } }
    }
    guard let descr = value("descr")?.dropFirst().prefix(3), let dtype = types[String(descr)],
      let isFortran = value("fortran_order")?.hasPrefix("True"),
      let inside = value("shape")?.dropFirst().prefix(while: { $0 != ")" })
    else { return nil }
    let sizes = inside.split(separator: ",").map { Int($0.filter { $0 != " " }) }
    let shape = sizes.compactMap(\.self)
    let count = shape.reduce((dtype.byteSize, false)) { sum, size in
      let product = sum.0.multipliedReportingOverflow(by: size)
      return (product.partialValue, sum.1 || product.overflow || size < 0)
    }
    guard !sizes.contains(nil), !count.1, count.0 == bytes.count - begin - length else { return nil }
    return Array(dtype: dtype, shape: shape, isFortran: isFortran, member: member, start: begin + length)
  }
}
