import Torch

/// Codes of a few bits one after the other, from the lowest bit of the first word on.
enum BitStream {
  /// Codes uint8 [rows, words * 32 / bits] of int32 [rows, words], or of as many bytes.
  static func unpack(_ words: Tensor, bits: Int) throws -> Tensor {
    let bytes = try words.contiguous().reinterpreted(as: .uint8)
    let rows = bytes.shape[0]
    guard bits != 8 else { return bytes }
    guard bits == 3 else {
      let parts = try stride(from: 0, to: 8, by: bits).map {
        try bytes.shiftedRight($0).bitAnd((1 << bits) - 1)
      }
      return try Tensor.stack(parts, dim: 2).reshaped([rows, -1])
    }
    // Three bytes hold eight codes.
    let triples = try bytes.reshaped([rows, -1, 3]).to(dtype: .int32)
    let whole = try triples.select(2, 0).bitOr(triples.select(2, 1).shiftedLeft(8))
      .bitOr(triples.select(2, 2).shiftedLeft(16))
    let parts = try (0..<8).map { try whole.shiftedRight(3 * $0).bitAnd(7).to(dtype: .uint8) }
    return try Tensor.stack(parts, dim: 2).reshaped([rows, -1])
  }

  /// The words that ``unpack(_:bits:)`` takes apart; rows have whole words.
  static func pack(_ codes: Tensor, bits: Int) throws -> Tensor {
    let rows = codes.shape[0]
    guard bits != 8 else { return try codes.contiguous().reinterpreted(as: .int32) }
    let count = bits == 3 ? 8 : 8 / bits
    let groups = try codes.reshaped([rows, -1, count]).to(dtype: bits == 3 ? .int32 : .uint8)
    var whole = try groups.select(2, 0)
    for index in 1..<count { whole = try whole.bitOr(groups.select(2, index).shiftedLeft(bits * index)) }
    guard bits == 3 else { return try whole.contiguous().reinterpreted(as: .int32) }
    let bytes = try [0, 8, 16].map { try whole.shiftedRight($0).bitAnd(255).to(dtype: .uint8) }
    return try Tensor.stack(bytes, dim: 2).reshaped([rows, -1]).reinterpreted(as: .int32)
  }
}
