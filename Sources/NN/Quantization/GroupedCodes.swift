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
    let (groups, top) = ((inputs + group - 1) / group, Double((1 << bits) - 1))
    var (codes, scales, zeros): ([Tensor], [Tensor], [Tensor]) = ([], [], [])
    // A share of the rows at a time, for the steps between take many times the memory of the codes.
    let share = max(1, (1 << 22) / max(1, inputs))
    for start in stride(from: 0, to: outputs, by: share) {
      let rows = start..<min(start + share, outputs)
      let part = try weight.slice(0, rows).to(dtype: .float32).padded([0, groups * group - inputs])
      let blocks = try part.reshaped([rows.count, groups, group])
      let low = try blocks.amin([2]).clamped(max: 0)
      let span = try isSymmetric ? blocks.abs().amax([2]) * 2 : blocks.amax([2]).clamped(min: 0) - low
      let half = try (span / top).to(dtype: .float16).to(dtype: .float32)
      guard try half.isFinite().all().item(of: Bool.self) else {
        throw QuantizationError("\(name) has values beyond float16, in which scales are kept: leave it dense")
      }
      let scale = try half.maskedFill(half.equal(0), 1)
      let zero =
        try isSymmetric
        ? scale.fullLike((top + 1) / 2)
        : (low / scale * -1).round().clamped(min: Double(lowestZero), max: top)
      let whole = try (blocks / scale.unsqueezed(2)).round() + zero.unsqueezed(2)
      try codes.append(
        whole.clamped(min: 0, max: top).to(dtype: .uint8).reshaped([rows.count, -1]).slice(1, 0..<inputs))
      scales.append(scale)
      try zeros.append(zero.to(dtype: .int16))
    }
    return GroupedCodes(
      bits: bits, group: group, codes: try .cat(codes), scales: try .cat(scales), zeros: try .cat(zeros))
  }

  /// As kernels read them; 3 bits take the place of 4.
  func packed() throws -> PackedWeight {
    let (rows, columns) = (codes.shape[0], codes.shape[1])
    var bytes = try codes.contiguous()
    switch bits {
    case 8: break
    case 2:
      bytes = try BitStream.pack(bytes.padded([0, -columns & 15]), bits: 2).reinterpreted(as: .uint8)
        .slice(1, 0..<(columns / 4)).contiguous()
    default: bytes = try bytes.slice(1, step: 2).shiftedLeft(4).bitOr(bytes.slice(1, from: 1, step: 2))
    }
    return PackedWeight(
      rows: rows, columns: columns, layout: .grouped(bits: bits == 3 ? 4 : bits, group: group, zeros: zeros),
      codes: bytes, scales: scales)
  }
}

extension PackedWeight {
  /// Codes uint8 [range, columns] of a grouped weight.
  func groupedCodes(_ range: Range<Int>, bits: Int) throws -> Tensor {
    let bytes = try codes.slice(0, range)
    switch bits {
    case 8: return bytes
    case 2:
      let parts = try [0, 2, 4, 6].map { try bytes.shiftedRight($0).bitAnd(3) }
      return try Tensor.stack(parts, dim: 2).reshaped([range.count, columns])
    default:
      return try Tensor.stack([bytes.shiftedRight(4), bytes.bitAnd(15)], dim: 2).reshaped([
        range.count, columns,
      ])
    }
  }
}
