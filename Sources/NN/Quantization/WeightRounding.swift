import Torch

/// A way of keeping weights in few bits, as far as its rounding goes.
public protocol WeightRounding: Sendable {
  /// The float32 values that are left of `weight` when it has been stored and read again.
  func rounded(_ weight: Tensor) throws -> Tensor
}
