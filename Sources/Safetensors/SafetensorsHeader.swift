/// The header of a file: eight bytes of length, then JSON that says what the rest is.
///
/// Everything is checked before anything is believed, as in the reference implementation
/// (huggingface/safetensors, `SafeTensors::read_metadata` and `Metadata::validate`).

import JSON

struct SafetensorsHeader: Sendable {
  /// Longer headers are refused, as the reference refuses them.
  static let mostBytes = 100_000_000
  static let metadataKey = "__metadata__"

  let metadata: [String: String]
  /// In the order of their bytes.
  let tensors: [SafetensorsTensor]

  /// Reads the header of the file that `bytes` are the whole of.
  ///
  /// - Throws: `SafetensorsError` if anything in it contradicts the format or the size of the file.
  init(reading bytes: UnsafeRawBufferPointer, path: String) throws(SafetensorsError) {
    guard bytes.count >= 8 else {
      throw .malformed("\(bytes.count) bytes are too few for a safetensors file", path)
    }
    let written = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard written <= UInt64(Self.mostBytes) else {
      throw .malformed(
        "not a safetensors file: its header would take \(written) bytes, and at most \(Self.mostBytes) are allowed",
        path)
    }
    let dataStart = 8 + Int(written)
    guard dataStart <= bytes.count else {
      throw .malformed("the header takes \(written) bytes but only \(bytes.count - 8) are there", path)
    }
    let header = try Self.members(UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]), path)
    metadata = try Self.metadata(header[Self.metadataKey], path)
    var tensors: [SafetensorsTensor] = []
    tensors.reserveCapacity(header.count)
    for (name, value) in header where name != Self.metadataKey {
      tensors.append(try Self.tensor(name, value, dataStart: dataStart, path))
    }
    tensors.sort {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    try Self.checkCoverage(tensors, dataStart: dataStart, fileSize: bytes.count, path)
    self.tensors = tensors
  }

  private static func members(
    _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(SafetensorsError) -> JSONObject {
    guard bytes.first == UInt8(ascii: "{") else {
      throw .malformed("the header does not begin with '{'", path)
    }
    let header: JSONValue
    do {
      header = try JSONValue.parse(bytes, duplicateKeys: .error)
    } catch {
      throw .malformed("the header is not JSON (\(error))", path)
    }
    guard let members = header.objectValue else { throw .malformed("the header is no JSON object", path) }
    return members
  }

  private static func metadata(
    _ value: JSONValue?, _ path: String
  ) throws(SafetensorsError) -> [String: String] {
    guard let value, !value.isNull else { return [:] }
    guard let members = value.objectValue else { throw .malformed("\(metadataKey) is no object", path) }
    var metadata: [String: String] = [:]
    for (key, value) in members {
      guard let text = value.stringValue else {
        throw .malformed("\(metadataKey) holds under \(quoted(key)) something other than a string", path)
      }
      metadata[key] = text
    }
    return metadata
  }

  private static func tensor(
    _ name: String, _ value: JSONValue, dataStart: Int, _ path: String
  ) throws(SafetensorsError) -> SafetensorsTensor {
    guard let dtypeName = value["dtype"]?.stringValue, let shape = sizes(value["shape"]),
      let offsets = sizes(value["data_offsets"]), offsets.count == 2
    else { throw .malformed("tensor \(quoted(name)) lacks a dtype, a shape or data_offsets", path) }
    guard let dtype = SafetensorsDType(rawValue: dtypeName) else {
      throw .malformed("tensor \(quoted(name)) has the unknown dtype \(quoted(dtypeName))", path)
    }
    guard let layout = SafetensorsLayout(checking: name, dtype, shape) else {
      throw .malformed("tensor \(quoted(name)) of type \(dtypeName) cannot have the shape \(shape)", path)
    }
    let (start, end) = (offsets[0], offsets[1])
    guard start <= end, end <= Int.max - dataStart, end - start == layout.byteCount else {
      throw .malformed(
        "tensor \(quoted(name)) needs \(layout.byteCount) bytes but has the data_offsets [\(start), \(end)]",
        path)
    }
    return SafetensorsTensor(layout: layout, byteRange: dataStart + start..<dataStart + end)
  }

  /// An array of integers from 0 on, nil if it is anything else.
  private static func sizes(_ value: JSONValue?) -> [Int]? {
    guard let elements = value?.arrayValue else { return nil }
    var sizes: [Int] = []
    for element in elements {
      // "-0" is an integer for JSON, but no size for the reference.
      guard let number = element.numberValue, number.isInteger, !number.literal.hasPrefix("-"),
        let size = number.intValue
      else { return nil }
      sizes.append(size)
    }
    return sizes
  }

  /// Every byte of the data belongs to exactly one tensor.
  private static func checkCoverage(
    _ tensors: [SafetensorsTensor], dataStart: Int, fileSize: Int, _ path: String
  ) throws(SafetensorsError) {
    var end = dataStart
    for tensor in tensors {
      guard tensor.byteRange.lowerBound == end else {
        throw .malformed(
          "tensor \(quoted(tensor.name)) \(tensor.byteRange.lowerBound < end ? "overlaps" : "leaves a hole after") "
            + "the bytes before it", path)
      }
      end = tensor.byteRange.upperBound
    }
    guard end == fileSize else {
      throw .malformed(
        end > fileSize
          ? "the file is cut short: \(fileSize) bytes of \(end)"
          : "\(fileSize - end) bytes after the last tensor belong to none", path)
    }
  }
}
