import Torch

/// How a convolution moves over its input: everything but its weights. One number per spatial dimension.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// What surrounds the input.
  public enum Padding: Hashable, Sendable {
    /// Nothing: the kernel stays inside.
    case valid
    /// As much as keeps the size, with a stride of 1; the odd element goes to the end.
    case same
    /// So many elements on both sides of each dimension.
    case each([Int])
  }

  /// What the surrounding elements hold (`padding_mode`).
  public enum PaddingMode: String, CaseIterable, Sendable {
    case zeros
    /// The input mirrored at its edge, which is not repeated.
    case reflect
    /// The edge repeated.
    case replicate
    /// The input begun again.
    case circular
  }

  public var kernel: [Int]
  public var stride: [Int]
  public var padding: Padding
  public var dilation: [Int]
  public var groups: Int
  public var paddingMode: PaddingMode

  /// - Parameters:
  ///   - stride: nil for 1 in each dimension.
  ///   - dilation: distance between elements under the kernel; nil for 1.
  ///   - groups: parts of the channels that are convolved apart.
  public init(
    kernel: [Int], stride: [Int]? = nil, padding: Padding = .valid, dilation: [Int]? = nil, groups: Int = 1,
    paddingMode: PaddingMode = .zeros
  ) {
    (self.kernel, self.padding, self.groups, self.paddingMode) = (kernel, padding, groups, paddingMode)
    self.stride = stride ?? kernel.map { _ in 1 }
    self.dilation = dilation ?? kernel.map { _ in 1 }
  }

  public var dimensions: Int { kernel.count }

  /// Elements before and after the input in each dimension.
  var margins: [(before: Int, after: Int)] {
    switch padding {
    case .valid: kernel.map { _ in (0, 0) }
    case .each(let amounts): amounts.map { ($0, $0) }
    case .same:
      zip(kernel, dilation).map { size, step in
        let total = step * (size - 1)
        return (total / 2, total - total / 2)
      }
    }
  }

  /// - Throws: ``TorchError`` naming what cannot be, for the layer called `name`.
  func validate(inputs: Int, outputs: Int, name: String) throws {
    func require(_ holds: Bool, _ what: String) throws {
      guard holds else { throw TorchError(.invalid, "\(name): \(what)") }
    }
    try require((1...3).contains(dimensions), "a kernel has 1 to 3 dimensions, not \(dimensions)")
    for (part, sizes) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
      try require(
        sizes.count == dimensions && sizes.allSatisfy { $0 > 0 },
        "\(part) is \(sizes), for a kernel of \(dimensions) dimensions: give each a number from 1 on")
    }
    if case .each(let amounts) = padding {
      try require(
        amounts.count == dimensions && amounts.allSatisfy { $0 >= 0 },
        "padding is \(amounts), for a kernel of \(dimensions) dimensions: give each a number from 0 on")
    }
    if case .same = padding {
      try require(stride.allSatisfy { $0 == 1 }, "padding that keeps the size needs a stride of 1")
    }
    try require(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0,
      "groups is \(groups): it must divide the \(inputs) inputs and the \(outputs) outputs")
  }
}
