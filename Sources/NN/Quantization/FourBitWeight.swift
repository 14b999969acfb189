import JSON
import Torch

/// A weight in four bits an element, in blocks along memory with a scale each: NF4 or FP4.
///
/// Codes, scales and values equal those of bitsandbytes to the bit.
public final class FourBitWeight: QuantizedWeight {
  public let name: String
  public let shape: [Int]
  public let dtype: DType
  public let code: FourBitCode
  let blocks: FourBitBlocks

  /// A scale for every 256 scales, as bitsandbytes nests them.
  static let nestedBlockSize = 256

  init(name: String, shape: [Int], dtype: DType, code: FourBitCode, blocks: FourBitBlocks) {
    (self.name, self.shape, self.dtype, self.code) = (name, shape, dtype, code)
    self.blocks = blocks
  }

  /// Rounds a weight [out, in].
  ///
  /// - Parameters:
  ///   - blockSize: elements with one scale, even; the last block may be shorter.
  ///   - nestsScales: whether the scales are kept in 8 bits themselves (double quantization).
  public convenience init(
    _ weight: Tensor, name: String = "weight", code: FourBitCode, blockSize: Int = 64,
    nestsScales: Bool = true
  ) throws {
    let blocks = try withoutGradients { () throws -> FourBitBlocks in
      var (codes, scales) = try Self.encode(weight, code, blockSize)
      var nested: FourBitBlocks.Nested?
      if nestsScales {
        let values = try DynamicCode.values()
        let mean = try scales.mean()
        let inner = try DynamicCode.encode(
          scales - mean, blockSize: Self.nestedBlockSize, values: values.to(device: weight.device))
        scales = inner.codes
        nested = try FourBitBlocks.Nested(
          values: values.to(device: weight.device), scales: inner.scales, blockSize: Self.nestedBlockSize,
          offset: mean.item(of: Float.self))
      }
      codes = try codes.contiguous()
      return try FourBitBlocks(
        codes: codes, pairs: code.pairs().to(device: weight.device), blockSize: blockSize, scales: scales,
        nested: nested)
    }
    self.init(name: name, shape: weight.shape, dtype: weight.dtype, code: code, blocks: blocks)
  }

  public var device: Device { blocks.codes.device }
  public var format: QuantizationFormat { code == .nf4 ? .nf4 : .fp4 }
  public var blockSize: Int { blocks.blockSize }
  public var nestsScales: Bool { blocks.nested != nil }

  public var byteCount: Int {
    blocks.codes.byteCount + blocks.scales.byteCount
      + (blocks.nested.map { $0.scales.byteCount + $0.values.byteCount } ?? 0)
  }

  public func requantized(_ weight: Tensor) throws -> any QuantizedWeight {
    try FourBitWeight(
      weight.to(dtype: dtype), name: name, code: code, blockSize: blockSize, nestsScales: nestsScales)
  }

  public func fill(_ tile: Tensor, _ range: Range<Int>) throws {
    try tile.dequantize4bit_(blocks, elements(range))
  }

  public func plainRows(_ range: Range<Int>) throws -> Tensor {
    let elements = elements(range)
    let index = try Tensor.arange(elements.lowerBound, elements.upperBound, device: device)
    let place = try index.floorDivided(2)
    let bytes = try blocks.codes.flattened().take(place).to(dtype: .int64)
    let values = try blocks.pairs.flattened().take(bytes + bytes + (index - place - place))
    let block = try index.floorDivided(blockSize)
    guard let nested = blocks.nested else { return try shaped(values * blocks.scales.take(block), range) }
    let codes = try nested.values.take(blocks.scales.take(block).to(dtype: .int64))
    let scales = try codes * nested.scales.take(block.floorDivided(nested.blockSize)) + Double(nested.offset)
    return try shaped(values * scales, range)
  }

  private func shaped(_ values: Tensor, _ range: Range<Int>) throws -> Tensor {
    try values.reshaped([range.count, shape[1]])
  }

  private func elements(_ range: Range<Int>) -> Range<Int> {
    range.lowerBound * shape[1]..<range.upperBound * shape[1]
  }
}
