import Torch

/// A weight in eight-bit whole numbers, each row divided by its largest magnitude.
///
/// Source: Dettmers et al. 2022, "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", section 2.1.
/// Codes, scales and values equal those of bitsandbytes to the bit. Only the weight is rounded: inputs stay as they
/// are, so that no outliers among them need care.
public final class Int8Weight: QuantizedWeight {
  public let name: String
  public let dtype: DType
  /// Codes int8 [out, in]; scales float32 [out]: what the code 127 stands for.
  public let packed: PackedWeight

  init(name: String, dtype: DType, codes: Tensor, scales: Tensor) {
    (self.name, self.dtype) = (name, dtype)
    packed = PackedWeight(
      rows: codes.shape[0], columns: codes.shape[1], layout: .int8, codes: codes, scales: scales)
  }

  /// Rounds a weight [out, in]; to float16 first, as bitsandbytes does.
  ///
  /// - Throws: ``QuantizationError`` when a value is beyond float16.
  public convenience init(_ weight: Tensor, name: String = "weight") throws {
    let (codes, scales) = try withoutGradients { () throws -> (Tensor, Tensor) in
      let half = try weight.detached().to(dtype: .float16).to(dtype: .float32)
      let scales = try half.abs().amax([1], keepDim: true)
      guard try scales.isFinite().all().item(of: Bool.self) else {
        throw QuantizationError(
          "\(name) has values beyond float16, which int8 is rounded from: take nf4 or fp4")
      }
      let factors = try scales.maskedFill(scales.equal(0), 1).reciprocal() * 127
      return (try (half * factors).round().to(dtype: .int8), try scales.flattened())
    }
    self.init(name: name, dtype: weight.dtype, codes: codes, scales: scales)
  }

  var codes: Tensor { packed.codes }
  var scales: Tensor { packed.scales }
  public let format = QuantizationFormat.int8
  public var byteCount: Int { codes.byteCount + scales.byteCount }

  public func requantized(_ weight: Tensor) throws -> any QuantizedWeight {
    try Int8Weight(weight.to(dtype: dtype), name: name)
  }

  public func plainRows(_ range: Range<Int>) throws -> Tensor {
    try codes.slice(0, range).to(dtype: .float32) * scales.slice(0, range).unsqueezed(1)
      * 7.874015718698502e-3
  }
}
