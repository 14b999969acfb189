import Torch

extension FourBitWeight {
  /// Codes uint8 [bytes, 1], two in a byte, and the scale of each block, float32.
  ///
  /// The steps are those of bitsandbytes, roundings included: whole blocks are multiplied by the reciprocal of their
  /// largest magnitude, a shorter last one is divided by it.
  static func encode(
    _ weight: Tensor, _ code: FourBitCode, _ blockSize: Int
  ) throws -> (codes: Tensor, scales: Tensor) {
    let flat = try weight.detached().flattened()
    let (count, excess) = (flat.count, flat.count % blockSize)
    let boundaries = try Tensor(code.boundaries).to(device: weight.device)
    let order = try Tensor(code.ascending).to(device: weight.device)
    var (bytes, scales): ([Tensor], [Tensor]) = ([], [])
    func append(_ unit: Tensor) throws {
      let flat = try unit.clamped(min: -1, max: 1).flattened()
      let even = flat.count % 2 == 0 ? flat : try flat.padded([0, 1])
      let codes = try order.take(even.bucketized(boundaries)).to(dtype: .int32)
      try bytes.append((codes.slice(0, step: 2) * 16 + codes.slice(0, from: 1, step: 2)).to(dtype: .uint8))
    }
    // A share at a time, for the steps between take many times the memory of the codes.
    let share = 16384 * blockSize
    for start in stride(from: 0, to: count - excess, by: share) {
      let part = try flat.slice(0, start..<min(start + share, count - excess)).to(dtype: .float32)
      let blocks = try part.reshaped([-1, blockSize])
      let largest = try blocks.abs().amax([1], keepDim: true)
      try append(blocks * largest.clamped(min: 1e-38).reciprocal())
      try scales.append(largest.flattened())
    }
    if excess > 0 {
      let part = try flat.slice(0, (count - excess)..<count).to(dtype: .float32)
      let largest = try part.abs().max().clamped(min: 1e-38)
      try append(part / largest)
      try scales.append(largest.reshaped([1]))
    }
    return (try .cat(bytes).unsqueezed(1), try .cat(scales))
  }
}
