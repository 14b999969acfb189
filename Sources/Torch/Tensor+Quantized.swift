import CTorch

/// A weight as four-bit codes in blocks along memory, each block with a scale.
public struct FourBitBlocks: @unchecked Sendable {
  /// uint8, two codes in a byte; the first is in its upper half.
  public var codes: Tensor
  /// float32 [256, 2]: the values of both halves of every byte.
  public var pairs: Tensor
  /// Elements with one scale; even.
  public var blockSize: Int
  /// float32 by blocks, or uint8 when ``nested`` says of what.
  public var scales: Tensor
  public var nested: Nested?

  /// Scales that are kept as 8-bit codes: values[code] * scales[block] + offset.
  public struct Nested: @unchecked Sendable {
    /// float32 [256].
    public var values: Tensor
    /// float32, by blocks of `blockSize` codes.
    public var scales: Tensor
    public var blockSize: Int
    public var offset: Float

    public init(values: Tensor, scales: Tensor, blockSize: Int, offset: Float) {
      (self.values, self.scales, self.blockSize, self.offset) = (values, scales, blockSize, offset)
    }
  }

  public init(codes: Tensor, pairs: Tensor, blockSize: Int, scales: Tensor, nested: Nested? = nil) {
    (self.codes, self.pairs, self.blockSize, self.scales) = (codes, pairs, blockSize, scales)
    self.nested = nested
  }
}

extension Tensor {
  /// Fills this tensor with elements of a four-bit weight; for tensors that ``isFusable``, and contiguous.
  public func dequantize4bit_(_ weight: FourBitBlocks, _ elements: Range<Int>) throws {
    let nested = weight.nested
    let isDone = withExtendedLifetime(weight) {
      ct_dequantize_4bit(
        weight.codes.handle, weight.pairs.handle, weight.scales.handle, nested?.values.handle,
        nested?.scales.handle, Double(nested?.offset ?? 0), Int64(weight.blockSize),
        Int64(nested?.blockSize ?? 1), Int64(elements.lowerBound), Int64(elements.upperBound), handle) != 0
    }
    guard isDone else { throw TorchError.last(in: "dequantize4bit_", of: [self, weight.codes]) }
  }

  /// Fills this tensor with rows of codes int8 [n, size], whose scales float32 [n] stand for 127.
  public func dequantizeInt8_(_ codes: Tensor, scales: Tensor, _ rows: Range<Int>) throws {
    let isDone = withExtendedLifetime((codes, scales)) {
      ct_dequantize_int8(
        codes.handle, scales.handle, Int64(rows.lowerBound), Int64(rows.upperBound), handle) != 0
    }
    guard isDone else { throw TorchError.last(in: "dequantizeInt8_", of: [self, codes, scales]) }
  }
}
