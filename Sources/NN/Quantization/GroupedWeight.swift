import Torch

/// A weight in whole numbers of 2, 3, 4 or 8 bits, with a scale and a zero for every group of inputs, as GPTQ and AWQ
/// leave it.
///
/// Sources: Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers";
/// Lin et al. 2023, "AWQ: Activation-aware Weight Quantization for LLM Compression and Acceleration".
public final class GroupedWeight: QuantizedWeight {
  public let name: String
  public let dtype: DType
  public let bits: Int
  public let packed: PackedWeight
  public let order: InputOrder?
  let layout: GroupedLayout
  let isSymmetric: Bool
  private let scaleType: DType

  /// - Parameter groups: of each input, int32 [in]; nil where inputs are in groups one after the other.
  init(
    name: String, dtype: DType, codes: GroupedCodes, groups: Tensor? = nil, layout: GroupedLayout,
    isSymmetric: Bool
  ) throws {
    (self.name, self.dtype, self.layout, self.isSymmetric) = (name, dtype, layout, isSymmetric)
    (bits, scaleType) = (codes.bits, codes.scaleType)
    order = try groups.map { try InputOrder($0.to(dtype: .int64).argsort()) }
    var inMemory = codes
    if let order { inMemory.codes = try codes.codes.indexSelect(1, order.inputs) }
    packed = try inMemory.packed()
  }

  /// Rounds a weight [out, in] to the nearest, in the order of its inputs.
  ///
  /// - Parameter group: inputs with one scale; nil for all of a row.
  /// - Throws: ``QuantizationError`` for sizes that the layout cannot hold.
  convenience init(
    _ weight: Tensor, name: String, bits: Int, group: Int?, isSymmetric: Bool, layout: GroupedLayout
  ) throws {
    let inputs = weight.shape[1]
    let size = group ?? inputs
    guard inputs % size == 0 else {
      throw QuantizationError(
        "\(name) has \(inputs) inputs, which groups of \(size) do not divide: take another --block-size, -1 for "
          + "whole rows, or leave it out with --skip-modules")
    }
    try layout.check(weight.shape, bits: bits, name: name)
    let codes = try withoutGradients {
      try GroupedCodes.rounding(
        weight.detached(), name: name, bits: bits, group: size, isSymmetric: isSymmetric,
        lowestZero: layout.zeroOffset)
    }
    try self.init(name: name, dtype: weight.dtype, codes: codes, layout: layout, isSymmetric: isSymmetric)
  }

  public var format: QuantizationFormat { layout.format }
  public var byteCount: Int { packed.codes.byteCount + packed.scales.byteCount + zeros.byteCount }

  /// Inputs with one scale.
  public var group: Int {
    guard case .grouped(_, let group, _) = packed.layout else { return packed.columns }
    return group
  }

  /// int16 or float32 [out, groups].
  var zeros: Tensor {
    guard case .grouped(_, _, let zeros) = packed.layout else { return packed.scales }
    return zeros
  }

  /// Codes and what they stand for, with inputs in their own order.
  func unpacked() throws -> GroupedCodes {
    var codes = try packed.groupedCodes(0..<packed.rows)
    if let order { codes = try codes.indexSelect(1, order.places) }
    return GroupedCodes(
      bits: bits, group: group, codes: codes, scales: packed.scales, zeros: zeros,
      scaleType: scaleType)
  }

  /// The group of each input, int32 [in].
  func groupIndex() throws -> Tensor {
    let inMemory = try Tensor.arange(0, packed.columns, device: device).floorDivided(group).to(dtype: .int32)
    return try order.map { try inMemory.indexSelect(0, $0.places) } ?? inMemory
  }

  public func entries(named name: String) throws -> [(name: String, tensor: Tensor)] {
    try layout.entries(of: self, named: name)
  }

  public func requantized(_ weight: Tensor) throws -> any QuantizedWeight {
    let inMemory = try order.map { try weight.indexSelect(1, $0.inputs) } ?? weight
    var codes = try GroupedCodes.rounding(
      inMemory, name: name, bits: bits, group: group, isSymmetric: isSymmetric, lowestZero: layout.zeroOffset)
    if let order { codes.codes = try codes.codes.indexSelect(1, order.places) }
    return try GroupedWeight(
      name: name, dtype: dtype, codes: codes, groups: order == nil ? nil : groupIndex(), layout: layout,
      isSymmetric: isSymmetric)
  }

  public func plainRows(_ range: Range<Int>) throws -> Tensor {
    func spread(_ tensor: Tensor) throws -> Tensor {
      try tensor.slice(0, range).to(dtype: .float32).repeatInterleaved(group, dim: 1)
        .slice(1, 0..<packed.columns)
    }
    let codes = try packed.groupedCodes(range).to(dtype: .float32)
    return try (codes - spread(zeros)) * spread(packed.scales)
  }
}
