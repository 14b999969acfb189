extension Tensor {
  /// This grid [batch, channels, height, width] at another size, by cubic curves through its values.
  ///
  /// - Parameter antialias: whether a smaller grid takes all values into account.
  public func bicubic(height: Int, width: Int, antialias: Bool = false) throws -> Tensor {
    try antialias
      ? op("aten::_upsample_bicubic2d_aa", self, [height, width], false)
      : op("aten::upsample_bicubic2d", self, [height, width], false)
  }

  /// The largest value under a square window that moves over [batch, channels, height, width].
  public func maxPooled(window: Int, stride: Int, padding: Int) throws -> Tensor {
    try op("aten::max_pool2d", self, [window, window], [stride, stride], [padding, padding])
  }

  /// Each channel of [batch, channels, ...] normalized: by its mean and variance in this batch when `training`, else by
  /// `mean` and `variance` [channels]. Those then move towards the batch's by the share `momentum`, in place.
  public func batchNorm(
    weight: Tensor, bias: Tensor?, mean: Tensor?, variance: Tensor?, training: Bool, momentum: Double,
    eps: Double
  ) throws -> Tensor {
    try op("aten::batch_norm", self, weight, bias, mean, variance, training, momentum, eps, false)
  }
}
