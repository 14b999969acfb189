extension Linear {
  /// A layer whose weight starts from `initial`, and its bias from zero, when no checkpoint has them.
  public convenience init(
    _ path: Path, in inputs: Int, out outputs: Int, bias: Bool = false, initial: Initializer
  ) throws {
    // The store hands the same parameters out again below.
    _ = try path.weight("weight", [outputs, inputs], initial: initial)
    if bias { _ = try path.parameter("bias", [outputs], initial: .zeros) }
    try self.init(path, in: inputs, out: outputs, bias: bias)
  }
}
