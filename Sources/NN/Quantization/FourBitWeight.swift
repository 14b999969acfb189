import JSON
import Torch

/// A weight in four bits an element, in blocks along memory with a scale each: NF4 or FP4.
///
/// Codes, scales and values equal those of bitsandbytes to the bit.
public final class FourBitWeight: QuantizedWeight {
  public let name: String
  public let dtype: DType
  public let code: FourBitCode
  public let packed: PackedWeight

  /// A scale for every 256 scales, as bitsandbytes nests them.
  static let nestedBlockSize = 256

  init(name: String, dtype: DType, code: FourBitCode, packed: PackedWeight) {
    (self.name, self.dtype, self.code, self.packed) = (name, dtype, code, packed)
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
    let packed = try withoutGradients { () throws -> PackedWeight in
      var (codes, scales) = try Self.encode(weight, code, blockSize)
      var nested: NestedScales?
      if nestsScales {
        let values = try DynamicCode.values()
        let mean = try scales.mean()
        let inner = try DynamicCode.encode(
          scales - mean, blockSize: Self.nestedBlockSize, values: values.to(device: weight.device))
        scales = inner.codes
        nested = try NestedScales(
          values: values.to(device: weight.device), scales: inner.scales, blockSize: Self.nestedBlockSize,
          offset: mean.item(of: Float.self))
      }
      codes = try codes.contiguous()
      return try PackedWeight(
        rows: weight.shape[0], columns: weight.shape[1],
        layout: .lookup(
          values: Tensor(code.values).to(device: weight.device), block: blockSize, nested: nested),
        codes: codes, scales: scales)
    }
    self.init(name: name, dtype: weight.dtype, code: code, packed: packed)
  }

  public var format: QuantizationFormat { code == .nf4 ? .nf4 : .fp4 }
  public var blockSize: Int { lookup.block }
  public var nestsScales: Bool { nested != nil }
  var nested: NestedScales? { lookup.nested }

  private var lookup: (block: Int, nested: NestedScales?) {
    guard case .lookup(_, let block, let nested) = packed.layout else { return (packed.columns, nil) }
    return (block, nested)
  }

  public var byteCount: Int {
    packed.codes.byteCount + packed.scales.byteCount
      + (nested.map { $0.scales.byteCount + $0.values.byteCount } ?? 0)
  }

  public func requantized(_ weight: Tensor) throws -> any QuantizedWeight {
    try FourBitWeight(
      weight.to(dtype: dtype), name: name, code: code, blockSize: blockSize, nestsScales: nestsScales)
  }

  public func plainRows(_ range: Range<Int>) throws -> Tensor {
    let elements = range.lowerBound * shape[1]..<range.upperBound * shape[1]
    let bytes = elements.lowerBound / 2..<(elements.upperBound + 1) / 2
    let part = try packed.codes.flattened().slice(0, bytes)
    let skipped = elements.lowerBound % 2
    let codes = try Tensor.stack([part.shiftedRight(4), part.bitAnd(15)], dim: 1).flattened()
      .slice(0, skipped..<(skipped + elements.count)).to(dtype: .int64)
    let values = try Tensor(code.values).to(device: device).take(codes)
    let block = try Tensor.arange(elements.lowerBound, elements.upperBound, device: device).floorDivided(
      blockSize)
    var scales = try packed.scales.take(block)
    if let nested {
      scales = try nested.values.take(scales.to(dtype: .int64))
      scales = try scales * nested.scales.take(block.floorDivided(nested.blockSize)) + Double(nested.offset)
    }
    return try (values * scales).reshaped([range.count, shape[1]])
  }
}
