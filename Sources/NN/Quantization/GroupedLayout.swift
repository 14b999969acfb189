import Torch

/// How files spell a grouped weight.
enum GroupedLayout: Sendable, Hashable {
  /// Zeros are stored less `offset`: 1 in the first version of the format, 0 in the second.
  case gptq(offset: Int)
  case awq

  var format: QuantizationFormat { self == .awq ? .awq : .gptq }

  /// The lowest zero that can be stored.
  var zeroOffset: Int {
    guard case .gptq(let offset) = self else { return 0 }
    return offset
  }

  /// - Throws: ``QuantizationError`` for sizes that do not fill words of 32 bits.
  func check(_ shape: [Int], bits: Int, name: String) throws {
    for (size, what) in [(shape[0], "outputs"), (shape[1], "inputs")]
    where size * bits % 32 != 0 && (self != .awq || what == "outputs") {
      throw QuantizationError(
        "\(name) has \(size) \(what), which do not fill words of 32 bits with \(bits) bits each: leave it out with "
          + "--skip-modules")
    }
  }

  func entries(of weight: GroupedWeight, named name: String) throws -> [(name: String, tensor: Tensor)] {
    let whole = try weight.unpacked()
    let scales = try whole.scales.t().to(dtype: whole.scaleType).contiguous()
    // Zeros that something was folded into are no whole numbers any more.
    let zeros = try whole.zeros.t().contiguous()
    let isWhole = zeros.dtype == .int16
    var entries: [(name: String, tensor: Tensor)]
    switch self {
    case .gptq(let offset):
      let stored =
        try isWhole ? BitStream.pack((zeros - Double(offset)).to(dtype: .uint8), bits: weight.bits) : zeros
      entries = [
        ("qweight", try BitStream.pack(whole.codes, bits: weight.bits).t().contiguous()), ("qzeros", stored),
        ("scales", scales), ("g_idx", try weight.groupIndex()),
      ]
    case .awq:
      entries = [
        ("qweight", try AWQWeight.pack(whole.codes.t())),
        ("qzeros", try isWhole ? AWQWeight.pack(zeros.to(dtype: .uint8)) : zeros), ("scales", scales),
      ]
    }
    return entries.map { (siblingName(name, $0.name), $0.tensor) }
  }
}
