import Torch

extension GroupedWeight {
  /// The same codes with zeros that stand for `update` [out, in] too, which are real numbers then: (code - zero) * scale
  /// + u is (code - (zero - u / scale)) * scale.
  ///
  /// Source: Xu et al. 2023, "QA-LoRA", section 3.3, whose own program keeps such zeros as they are in place of packed
  /// ones.
  ///
  /// - Throws: ``QuantizationError`` when the update differs within a group.
  public func absorbing(_ update: Tensor) throws -> GroupedWeight {
    try withoutGradients {
      let inMemory = try order.map { try update.indexSelect(1, $0.inputs) } ?? update
      let groups = packed.scales.shape[1]
      var padded = try inMemory.detached().to(dtype: .float32)
      let missing = groups * group - packed.columns
      if missing > 0 {
        let last = try padded.slice(1, (packed.columns - 1)..<packed.columns)
        padded = try .cat([padded, last.repeated([1, missing])], dim: 1)
      }
      let blocks = try padded.reshaped([packed.rows, groups, group])
      let first = try blocks.slice(2, 0..<1)
      guard try blocks.isIdentical(to: first.expanded(blocks.shape).contiguous()) else {
        throw QuantizationError(
          "\(name) has groups of \(group) inputs\(order == nil ? "" : " (out of order)"), within which the update "
            + "differs: train with a qalora_group_size that is a multiple of \(group), or merge --into dense")
      }
      var codes = try unpacked()
      codes.zeros = try zeros.to(dtype: .float32) - first.squeezed(2) / packed.scales
      return try GroupedWeight(
        name: name, dtype: dtype, codes: codes, groups: order == nil ? nil : groupIndex(), layout: layout,
        isSymmetric: isSymmetric)
    }
  }
}
