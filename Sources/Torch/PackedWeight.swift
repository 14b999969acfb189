import CTorch

/// A weight [rows, columns] in few bits, as the kernels read it: on the CPU, and contiguous.
public struct PackedWeight: @unchecked Sendable {
  /// How codes become values.
  public enum Layout: @unchecked Sendable {
    /// Codes of 4 bits stand for `values` float32 [16], times a scale for every `block` elements along memory.
    case lookup(values: Tensor, block: Int, nested: NestedScales?)
    /// (code - zero) * scale, both [rows, groups]; 2, 3, 4 or 8 bits; zeros are int16 or float32.
    case grouped(bits: Int, group: Int, zeros: Tensor)
    /// Codes int8 with scales [rows], which stand for 127.
    case int8
    /// Codes float8_e4m3fn with a scale for every block of so many rows and columns.
    case float8(rows: Int, columns: Int)
  }

  public var rows, columns: Int
  public var layout: Layout
  /// Row by row. Of 4 bits the first is in a byte's upper half, of 2 and 3 in its lowest bits.
  public var codes: Tensor
  /// float32, or uint8 when they are nested.
  public var scales: Tensor

  public init(rows: Int, columns: Int, layout: Layout, codes: Tensor, scales: Tensor) {
    (self.rows, self.columns, self.layout) = (rows, columns, layout)
    (self.codes, self.scales) = (codes, scales)
  }
}

/// Scales that are kept as 8-bit codes: values[code] * scales[block] + offset.
public struct NestedScales: @unchecked Sendable {
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

extension Tensor {
  /// Fills this tensor with rows of a packed weight; for tensors that ``isFusable``, and contiguous.
  public func dequantizeRows_(_ weight: PackedWeight, _ rows: Range<Int>) throws {
    let isDone = weight.lowered {
      ct_dequantize_rows($0, Int64(rows.lowerBound), Int64(rows.upperBound), handle) != 0
    }
    guard isDone else { throw TorchError.last(in: "dequantizeRows_", of: [self, weight.codes]) }
  }

  /// `self @ weight^T + bias` outside the graph, without making the weight dense; nil where a product with dense rows
  /// is as good: for more than 8 rows, and for what kernels do not take.
  public func packedLinear(_ weight: PackedWeight, bias: Tensor?) throws -> Tensor? {
    guard isFusable, rank >= 2, !isRecordingGradients, (1...8).contains(count / Swift.max(1, shape[rank - 1]))
    else { return nil }
    let x = try contiguous()
    return try made("packedLinear", keeping: [x, weight.codes]) {
      weight.lowered { ct_packed_linear($0, x.handle, bias?.handle) }
    }
  }
}

extension PackedWeight {
  /// Calls `body` with the C form.
  fileprivate func lowered<Result>(_ body: (UnsafePointer<ct_packed_weight>) -> Result) -> Result {
    var weight = ct_packed_weight()
    (weight.rows, weight.columns) = (Int64(rows), Int64(columns))
    (weight.block, weight.row_block, weight.nested_block) = (Int64(columns), 1, 1)
    (weight.codes, weight.scales) = (codes.handle, scales.handle)
    switch layout {
    case .lookup(let values, let block, let nested):
      weight.layout = Int32(CT_PACKED_LOOKUP)
      (weight.bits, weight.block, weight.values) = (4, Int64(block), values.handle)
      if let nested {
        (weight.nested_values, weight.nested_scales) = (nested.values.handle, nested.scales.handle)
        (weight.nested_block, weight.offset) = (Int64(nested.blockSize), Double(nested.offset))
      }
    case .grouped(let bits, let group, let zeros):
      weight.layout = Int32(CT_PACKED_GROUPED)
      (weight.bits, weight.block, weight.zeros) = (Int32(bits), Int64(group), zeros.handle)
    case .int8:
      weight.layout = Int32(CT_PACKED_INT8)
    case .float8(let rows, let columns):
      weight.layout = Int32(CT_PACKED_FLOAT8)
      (weight.row_block, weight.block) = (Int64(rows), Int64(columns))
    }
    return withExtendedLifetime(self) { body(&weight) }
  }
}
