import CTorch

extension Tensor {
  /// `self @ weight^T + bias` outside the graph by the kernel that is fastest here; nil where the ordinary one is.
  ///
  /// A product of a few rows is as fast as the weight comes from memory; BLAS libraries reach half of that and less, so
  /// it has a kernel of its own. On x86 processors oneDNN's float32 product is never slower than the default BLAS, at
  /// the same accuracy (1.1 times as fast on Zen 4, more than twice on Zen 5). The choice depends on shapes alone, so
  /// results are reproducible.
  public func fastLinear(_ weight: Tensor, bias: Tensor?) throws -> Tensor? {
    guard isFusable, dtype == weight.dtype, weight.device == .cpu, rank >= 2, !isRecordingGradients else {
      return nil
    }
    let rows = count / Swift.max(1, shape[rank - 1])
    guard rows > 0 else { return nil }
    if rows <= 8, weight.isContiguous, weight.rank == 2 {
      let x = try contiguous()
      return try made("fastLinear", keeping: [x]) { ct_thin_linear(x.handle, weight.handle, bias?.handle) }
    }
    guard dtype == .float32, ct_has_onednn() else { return nil }
    return try made("fastLinear", keeping: [self, weight]) {
      ct_onednn_linear(handle, weight.handle, bias?.handle)
    }
  }
}
