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

  /// `self @ other` of matrices or of batches of them, by the kernel that is fastest here; copies neither.
  ///
  /// libtorch leaves float32 to the default BLAS, which reaches 180 GFLOP/s on two Zen 5 cores where oneDNN reaches
  /// 400, at the same accuracy.
  public func fastMatmul(_ other: Tensor) throws -> Tensor {
    guard Self.isForOneDNN(self, other) else { return try rank == 2 ? mm(other) : bmm(other) }
    return try made("fastMatmul", keeping: [self, other]) { ct_onednn_matmul(handle, other.handle, nil, 1) }
  }

  /// Adds `alpha * left @ right` in place, by the same kernel.
  @discardableResult
  public func addFastMatmul_(_ left: Tensor, _ right: Tensor, alpha: Double = 1) throws -> Tensor {
    guard dtype == .float32, Self.isForOneDNN(left, right) else {
      return try rank == 2 ? addmm_(left, right, alpha: alpha) : baddbmm_(left, right, alpha: alpha)
    }
    return try made("addFastMatmul_", keeping: [left, right]) {
      ct_onednn_matmul(left.handle, right.handle, handle, alpha)
    }
  }

  /// Shapes alone decide, so results are reproducible; small products are not worth the kernel's preparation.
  private static func isForOneDNN(_ left: Tensor, _ right: Tensor) -> Bool {
    guard left.dtype == .float32, right.dtype == .float32, left.device == .cpu, right.device == .cpu,
      !isRecordingGradients, ct_has_onednn_matmul(), left.rank == right.rank
    else { return false }
    return left.count * (right.shape.last ?? 0) >= 1 << 20
  }
}
