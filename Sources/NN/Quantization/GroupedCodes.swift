import Torch

/// Whole numbers of a few bits with a scale and a zero for every group of inputs: (code - zero) * scale.
struct GroupedCodes {
  /// 2, 3, 4 or 8.
  var bits: Int
  /// Inputs in a group; the last may have fewer.
  var group: Int
  /// uint8 [out, in].
  var codes: Tensor
  /// float32 [out, groups].
  var scales: Tensor
  /// int16 [out, groups], or float32 once something was folded into them.
  var zeros: Tensor
  /// That files keep scales in.
  var scaleType = DType.float16

  /// Rounds float32 [out, in] to the nearest, with scales of float16 as files keep them.
  ///
  /// - Parameter lowestZero: what files can say; 1 where they store zeros less one.
  /// - Throws: ``QuantizationError`` when a scale is beyond float16.
  static func rounding(
    _ weight: Tensor, name: String, bits: Int, group: Int, isSymmetric: Bool, lowestZero: Int
  ) throws -> GroupedCodes {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let groups = (inputs + group - 1) / group
    var (codes, scales, zeros): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    // A share of the rows at a time, for the steps between take many times the memory of the codes.
    let share = max(1, (1 << 22) / max(1, inputs))
    for start in stride(from: 0, to: outputs, by: share) {
      let rows = start..<min(start + share, outputs)
      let part = try weight.slice(0, rows).to(dtype: .float32).padded([0, groups * group - inputs])
      let blocks = try part.reshaped([rows.count, groups, group])
      let grid = try GroupGrid(
        blocks, name: name, bits: bits, isSymmetric: isSymmetric, lowestZero: lowestZero)
      let whole = try grid.codes(blocks)
      try codes.append(whole.reshaped([rows.count, -1]).slice(1, 0..<inputs))
      try scales.append(grid.scale.squeezed(2))
      try zeros.append(grid.zero.squeezed(2).to(dtype: .int16))
    }
    return GroupedCodes(
      bits: bits, group: group, codes: try .cat(codes), scales: try .cat(scales), zeros: try .cat(zeros))
  }

  /// As kernels read them. Three bits take the place of four where eight codes, which share three bytes, may be of two
  /// groups.
  func packed() throws -> PackedWeight {
    let (rows, columns) = (codes.shape[0], codes.shape[1])
    let width = bits == 3 && (columns % 8 != 0 || group < columns && group % 8 != 0) ? 4 : bits
    var bytes = try codes.contiguous()
    switch width {
    case 8: break
    case 4: bytes = try bytes.slice(1, step: 2).shiftedLeft(4).bitOr(bytes.slice(1, from: 1, step: 2))
    default:
      // Rows begin at whole bytes, the stream's at whole words.
      bytes = try BitStream.pack(bytes.padded([0, -columns & 31]), bits: width).reinterpreted(as: .uint8)
        .slice(1, 0..<(columns * width / 8)).contiguous()
    }
    return PackedWeight(
      rows: rows, columns: columns, layout: .grouped(bits: width, group: group, zeros: zeros),
      codes: bytes, scales: scales)
  }
}

extension PackedWeight {
  /// Codes uint8 [range, columns] of a grouped weight.
  func groupedCodes(_ range: Range<Int>) throws -> Tensor {
    let bytes = try codes.slice(0, range)
    guard case .grouped(bits: 4, _, _) = layout else {
      guard case .grouped(let bits, _, _) = layout else { return bytes }
      return try BitStream.unpack(bytes, bits: bits)
    }
    return try Tensor.stack([bytes.shiftedRight(4), bytes.bitAnd(15)], dim: 2).reshaped([
      range.count, columns,
    ])
  }
}
