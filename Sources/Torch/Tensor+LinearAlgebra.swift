extension Tensor {
  public func matmul(_ other: Tensor) throws -> Tensor { try op("aten::matmul", self, other) }
  public func mm(_ other: Tensor) throws -> Tensor { try op("aten::mm", self, other) }
  public func bmm(_ other: Tensor) throws -> Tensor { try op("aten::bmm", self, other) }
  /// Adds `alpha * left @ right`, batch by batch, in place.
  @discardableResult
  public func baddbmm_(_ left: Tensor, _ right: Tensor, alpha: Double = 1) throws -> Tensor {
    try op("aten::baddbmm_", self, left, right, 1, alpha)
  }

  /// `beta * self + alpha * left @ right`.
  public func addmm(_ left: Tensor, _ right: Tensor, beta: Double = 1, alpha: Double = 1) throws -> Tensor {
    try op("aten::addmm", self, left, right, beta, alpha)
  }
  @discardableResult
  public func addmm_(_ left: Tensor, _ right: Tensor, beta: Double = 1, alpha: Double = 1) throws -> Tensor {
    try op("aten::addmm_", self, left, right, beta, alpha)
  }

  /// `U diag(S) Vh` of a matrix; reduced: U [m, k], S [k], Vh [k, n], k = min(m, n).
  public func svd(full: Bool = false) throws -> (u: Tensor, s: Tensor, vh: Tensor) {
    let parts = try ops("aten::linalg_svd", self, full)
    guard parts.count == 3 else { throw TorchError(.invalid, "linalg_svd: expected three results") }
    return (parts[0], parts[1], parts[2])
  }
  public func singularValues() throws -> Tensor { try op("aten::linalg_svdvals", self) }

  /// `Q R` of a matrix, reduced.
  public func qr() throws -> (q: Tensor, r: Tensor) { try pair(ops("aten::linalg_qr", self, "reduced")) }

  /// Eigenvalues, ascending, and eigenvectors in columns of a symmetric matrix.
  public func eigh() throws -> (values: Tensor, vectors: Tensor) { try pair(ops("aten::linalg_eigh", self)) }

  /// L with `L L^T` this positive definite matrix, or U with `U^T U`.
  ///
  /// - Throws: ``TorchError`` for a matrix that is not positive definite.
  public func cholesky(upper: Bool = false) throws -> Tensor { try op("aten::linalg_cholesky", self, upper) }
  /// The inverse of the matrix whose lower Cholesky factor this is.
  public func choleskyInverse() throws -> Tensor { try op("aten::cholesky_inverse", self) }

  /// The X of `self @ X = right`.
  public func solve(_ right: Tensor) throws -> Tensor { try op("aten::linalg_solve", self, right) }
  public func inverse() throws -> Tensor { try op("aten::linalg_inv", self) }
  public func pinv() throws -> Tensor { try op("aten::linalg_pinv.atol_rtol_float", self) }

  /// The `rank` leading singular triplets by random projection and `iterations` power steps:
  /// U [m, rank], S [rank], V [n, rank].
  ///
  /// Source: Halko, Martinsson and Tropp 2009, algorithms 4.4 and 5.1, as `torch.svd_lowrank` uses them.
  public func svdLowRank(
    _ rank: Int, iterations: Int = 2, generator: Generator? = nil
  ) throws -> (u: Tensor, s: Tensor, v: Tensor) {
    guard self.rank == 2 else { throw TorchError(.invalid, "svdLowRank: needs a matrix, got \(self)") }
    // Projecting the longer side away keeps the small factorization small.
    let wide = shape[0] < shape[1]
    let matrix = wide ? try t() : self
    let limit = Swift.min(rank, shape.min() ?? 0)
    var basis = try matrix.mm(
      .randn([matrix.shape[1], limit], dtype: dtype, device: device, generator: generator)
    ).qr().q
    for _ in 0..<iterations {
      let back = try matrix.t().mm(basis).qr().q
      basis = try matrix.mm(back).qr().q
    }
    let small = try basis.t().mm(matrix).svd()
    let (left, right) = (try basis.mm(small.u), try small.vh.t())
    return wide ? (right, small.s, left) : (left, small.s, right)
  }
}
