import Torch

/// Eight-bit numbers for an optimizer's state: blocks of 256 elements, each divided by its largest magnitude and rounded
/// to the nearest of 256 values whose spacing grows with their size, over seven decades.
///
/// Source: Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization", sections 2.1 and 2.2; values as
/// bitsandbytes.
struct DynamicMap {
  static let blockSize = 256

  /// The values, ascending; float32 [256].
  let values: Tensor
  private let boundaries: Tensor

  /// - Parameter signed: whether values below zero are needed; without them there are twice as many above.
  init(signed: Bool, device: Device) throws {
    let table = Self.table(signed: signed)
    values = try Tensor(table).to(device: device)
    boundaries = try Tensor(zip(table, table.dropFirst()).map { ($0 + $1) / 2 }).to(device: device)
  }

  /// In decade i (from 1e-6 on) the means of 2^i, or unsigned 2^(i+1), equal parts of 0.1 to 1; and 0 and 1.
  static func table(signed: Bool) -> [Float] {
    let decades: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
    var table: [Float] = [0, 1]
    for (index, decade) in decades.enumerated() {
      let parts = 1 << (signed ? index : index + 1)
      for part in 0..<parts {
        let mean = decade * (0.1 + 0.9 * (Float(part) + 0.5) / Float(parts))
        table += signed ? [mean, -mean] : [mean]
      }
    }
    return table.sorted()
  }

  /// The values of `codes` [n], in blocks with these scales.
  func read(_ codes: Tensor, _ scales: Tensor) throws -> Tensor {
    let unit = try values.take(codes.to(dtype: .int64))
    return try Self.blocks(unit).mul_(scales.unsqueezed(1)).flattened().slice(0, 0..<codes.count)
  }

  /// Writes float32 values [n] as codes and scales.
  func write(_ numbers: Tensor, _ codes: Tensor, _ scales: Tensor) throws {
    let blocks = try Self.blocks(numbers)
    try scales.copy_(blocks.abs().amax([1]))
    let divisor = try scales.maskedFill(scales.equal(0), 1).unsqueezed(1)
    let found = try (blocks / divisor).bucketized(boundaries)
    try codes.copy_(found.flattened().slice(0, 0..<codes.count))
  }

  /// In rows of one block each; zeros fill the last.
  private static func blocks(_ numbers: Tensor) throws -> Tensor {
    let excess = numbers.count % blockSize
    return try (excess == 0 ? numbers : numbers.padded([0, blockSize - excess])).reshaped([-1, blockSize])
  }
}
