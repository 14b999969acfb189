import Torch

/// A weight in eight-bit floats (e4m3) with a scale for all of it, for every row, or for every block.
///
/// Only the weight is rounded: inputs stay as they are.
public final class Float8Weight: QuantizedWeight {
  public let name: String
  public let dtype: DType
  public let packed: PackedWeight
  /// The scales as they were read, and what the file calls them.
  private let stored: (name: String, scales: Tensor)

  /// Rows and columns of a block, as DeepSeek-V3 has them.
  static let blockShape = [128, 128]

  /// - Parameters:
  ///   - codes: float8_e4m3fn [out, in].
  ///   - scales: float32 in any shape with one for each block, row by row.
  ///   - block: rows and columns with one scale.
  init(name: String, dtype: DType, codes: Tensor, scales: Tensor, scaleName: String, block: [Int]) throws {
    (self.name, self.dtype, stored) = (name, dtype, (scaleName, scales))
    let (rows, columns) = (codes.shape[0], codes.shape[1])
    let (height, width) = (min(block[0], rows), min(block[1], columns))
    packed = PackedWeight(
      rows: rows, columns: columns, layout: .float8(rows: height, columns: width), codes: codes,
      scales: try scales.to(dtype: .float32).reshaped([
        (rows + height - 1) / height, (columns + width - 1) / width,
      ]).contiguous())
  }

  /// Rounds a weight [out, in] in blocks of 128 by 128.
  ///
  /// - Throws: ``QuantizationError`` when a value is not finite.
  public convenience init(_ weight: Tensor, name: String = "weight") throws {
    let (height, width) = (Self.blockShape[0], Self.blockShape[1])
    let (rows, columns) = (weight.shape[0], weight.shape[1])
    let (codes, scales) = try withoutGradients { () throws -> (Tensor, Tensor) in
      var (codes, scales): ([Tensor], [Tensor]) = ([], [])
      for start in stride(from: 0, to: rows, by: height) {
        let range = start..<min(start + height, rows)
        let part = try weight.detached().slice(0, range).to(dtype: .float32)
        let blocks = try part.padded([0, (width - columns % width) % width]).reshaped([
          range.count, -1, width,
        ])
        let largest = try blocks.abs().amax([0, 2])
        guard try largest.isFinite().all().item(of: Bool.self) else {
          throw QuantizationError("\(name) has values that are not finite: repair the model")
        }
        let scale = try (largest / 448).maskedFill(largest.equal(0), 1)
        let unit = try (blocks / scale.reshaped([1, -1, 1])).clamped(min: -448, max: 448)
        try codes.append(
          unit.to(dtype: .float8e4m3).reshaped([range.count, -1]).slice(1, 0..<columns).contiguous()
            .reinterpreted(as: .uint8))
        scales.append(scale)
      }
      return (try .cat(codes).reinterpreted(as: .float8e4m3), try .stack(scales))
    }
    try self.init(
      name: name, dtype: weight.dtype, codes: codes, scales: scales, scaleName: "weight_scale_inv",
      block: Self.blockShape)
  }

  public let format = QuantizationFormat.float8
  public var byteCount: Int { packed.codes.byteCount + packed.scales.byteCount }

  private var block: (rows: Int, columns: Int) {
    guard case .float8(let rows, let columns) = packed.layout else { return (packed.rows, packed.columns) }
    return (rows, columns)
  }

  public func entries(named name: String) throws -> [(name: String, tensor: Tensor)] {
    [(name, packed.codes), (siblingName(name, stored.name), stored.scales)]
  }

  /// In the same blocks, with scales of the same type.
  public func requantized(_ weight: Tensor) throws -> any QuantizedWeight {
    let (height, width) = block
    let largest = try weight.abs().to(dtype: .float32)
      .padded([0, (width - packed.columns % width) % width, 0, (height - packed.rows % height) % height])
      .reshaped([packed.scales.shape[0], height, packed.scales.shape[1], width]).amax([1, 3])
    let scales = try (largest / 448).maskedFill(largest.equal(0), 1).to(dtype: stored.scales.dtype)
    let spread = try Self.spread(scales.to(dtype: .float32), height, width, packed.rows, packed.columns)
    let codes = try (weight.to(dtype: .float32) / spread).clamped(min: -448, max: 448).to(dtype: .float8e4m3)
    return try Float8Weight(
      name: name, dtype: dtype, codes: codes, scales: scales.reshaped(stored.scales.shape),
      scaleName: stored.name, block: [height, width])
  }

  public func plainRows(_ range: Range<Int>) throws -> Tensor {
    let spread = try Self.spread(packed.scales, block.rows, block.columns, packed.rows, packed.columns)
    return try packed.codes.slice(0, range).to(dtype: .float32) * spread.slice(0, range)
  }

  private static func spread(_ scales: Tensor, _ height: Int, _ width: Int, _ rows: Int, _ columns: Int)
    throws
    -> Tensor
  {
    try scales.repeatInterleaved(height, dim: 0).slice(0, 0..<rows).repeatInterleaved(width, dim: 1)
      .slice(1, 0..<columns)
  }
}
