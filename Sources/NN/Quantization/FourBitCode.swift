import Torch

/// Sixteen values in [-1, 1] that four bits stand for.
///
/// Sources: Dettmers et al. 2023, "QLoRA: Efficient Finetuning of Quantized LLMs", section 3 and appendix E, for NF4,
/// which a normal distribution fills evenly; bitsandbytes for FP4: a sign, two bits of exponent, one of mantissa.
public enum FourBitCode: String, CaseIterable, Sendable {
  case nf4, fp4

  /// By code.
  public var values: [Float] {
    switch self {
    case .nf4:
      [
        -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
        -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
        0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
        1,
      ]
    case .fp4:
      [
        0, 0.0052083334885537624, 0.6666666865348816, 1, 0.3333333432674408, 0.5, 0.1666666716337204, 0.25,
        0, -0.0052083334885537624, -0.6666666865348816, -1, -0.3333333432674408, -0.5, -0.1666666716337204,
        -0.25,
      ]
    }
  }

  /// The codes in the order of their values.
  var ascending: [UInt8] {
    switch self {
    case .nf4: Array(0..<16)
    case .fp4: [11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3]
    }
  }

  /// Where rounding turns from one value to the next in that order; the boundary itself goes down.
  var boundaries: [Float] {
    let sorted = ascending.map { values[Int($0)] }
    return zip(sorted, sorted.dropFirst()).map { ($0 + $1) / 2 }
  }
}
