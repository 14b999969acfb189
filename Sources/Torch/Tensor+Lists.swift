/// Operations over many tensors in one call: what an optimizer needs.
extension Tensor {
  /// The Euclidean norm of each tensor, as scalars.
  public static func norms(_ tensors: [Tensor]) throws -> [Tensor] {
    try ops("aten::_foreach_norm.Scalar", tensors, 2)
  }

  /// Multiplies every tensor in place.
  public static func multiply_(_ tensors: [Tensor], by factor: Double) throws {
    try perform("aten::_foreach_mul_.Scalar", tensors, factor)
  }

  /// Writes each source, converted, into the target at the same place.
  public static func copy_(_ sources: [Tensor], into targets: [Tensor]) throws {
    try perform("aten::_foreach_copy_", targets, sources)
  }

  /// One AdamW update of many tensors by libtorch's fused kernel, with bias correction for `steps`.
  ///
  /// - Parameters:
  ///   - first: running means of the gradients, written.
  ///   - second: running means of their squares, written.
  ///   - steps: the number of updates, this one included: a float32 scalar for each tensor.
  /// - Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization".
  public static func adamW_(
    _ tensors: [Tensor], gradients: [Tensor], first: [Tensor], second: [Tensor], steps: [Tensor],
    rate: Double, betas: (Double, Double), weightDecay: Double, eps: Double
  ) throws {
    try perform(
      "aten::_fused_adamw_", tensors, gradients, first, second, [Tensor](), steps, rate, betas.0, betas.1,
      weightDecay, eps, false, false)
  }
}
