import Torch

/// Four-bit normal floats: blocks of 64 elements along memory, each divided by its largest magnitude and rounded to
/// sixteen values that a normal distribution fills evenly.
///
/// Source: Dettmers et al. 2023, "QLoRA: Efficient Finetuning of Quantized LLMs", section 3 and appendix E; values and
/// rounding as bitsandbytes.
public struct NF4: WeightRounding {
  public static let blockSize = 64

  /// The sixteen values, ascending.
  public static let values: [Float] = [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ]

  /// Where rounding turns from one value to the next; the boundary itself goes down.
  static let boundaries: [Float] = zip(values, values.dropFirst()).map { ($0 + $1) / 2 }

  public init() {}

  /// Codes (uint8, 0 to 15) of the elements in blocks [blocks, 64], and the scale of each block [blocks, 1].
  ///
  /// The last block is filled up with zeros.
  public func quantized(_ weight: Tensor) throws -> (codes: Tensor, scales: Tensor) {
    let flat = try weight.detached().to(dtype: .float32).flattened()
    let excess = flat.count % Self.blockSize
    let whole = excess == 0 ? flat : try flat.padded([0, Self.blockSize - excess])
    let blocks = try whole.reshaped([-1, Self.blockSize])
    let scales = try blocks.abs().amax([1], keepDim: true)
    let unit = try blocks / scales.maskedFill(scales.equal(0), 1)
    let codes = try unit.bucketized(Tensor(Self.boundaries).to(device: weight.device))
    return (try codes.to(dtype: .uint8), scales)
  }

  /// The values of codes that ``quantized(_:)`` made of a weight of this shape, float32.
  public func dequantized(_ codes: Tensor, scales: Tensor, shape: [Int]) throws -> Tensor {
    let table = try Tensor(Self.values).to(device: codes.device)
    let blocks = try table.take(codes.to(dtype: .int64)) * scales
    return try blocks.flattened().slice(0, 0..<shape.reduce(1, *)).reshaped(shape)
  }

  public func rounded(_ weight: Tensor) throws -> Tensor {
    let (codes, scales) = try quantized(weight)
    return try dequantized(codes, scales: scales, shape: weight.shape)
  }
}
