/// What the tests of this room write and read.

import JSON

@testable import Safetensors

/// A file with this header and data; the header's length is what it is unless given.
func fileBytes(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.utf8.count)
  return withUnsafeBytes(of: length.littleEndian, Array.init) + Array(header.utf8) + data
}

/// A header of one or more tensors, in JSON.
func header(_ tensors: (name: String, dtype: String, shape: String, start: String, end: String)...) -> String
{
  "{"
    + tensors.map {
      "\"\($0.name)\":{\"dtype\":\"\($0.dtype)\",\"shape\":\($0.shape),\"data_offsets\":[\($0.start),\($0.end)]}"
    }.joined(separator: ",") + "}"
}

func layout(_ name: String, _ dtype: SafetensorsDType, _ shape: [Int]) throws -> SafetensorsLayout {
  try SafetensorsLayout(name: name, dtype: dtype, shape: shape)
}

/// Bytes that tell tensors and places apart.
func pattern(_ layout: SafetensorsLayout) -> [UInt8] {
  let seed = layout.name.utf8.reduce(0) { $0 &* 31 &+ Int($1) }
  return (0..<layout.byteCount).map { UInt8(truncatingIfNeeded: seed &+ $0 &* 7) }
}

/// Supplies each tensor's pattern in pieces of three bytes.
func supplyPattern(_ layout: SafetensorsLayout, _ sink: SafetensorsWriter.Sink) throws {
  let bytes = pattern(layout)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    try bytes[start..<min(start + 3, bytes.count)].withUnsafeBytes { try sink($0) }
  }
}

func bytes(hex: String) -> [UInt8] {
  let digits = Array(hex.utf8)
  return stride(from: 0, to: digits.count, by: 2).map { index in
    UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
  }
}

/// A small seeded generator, so that a failing trial can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
