extension Tensor {
  public func sum() throws -> Tensor { try op("aten::sum", self) }
  public func sum(_ dims: [Int], keepDim: Bool = false, dtype: DType? = nil) throws -> Tensor {
    try op("aten::sum.dim_IntList", self, dims, keepDim, dtype)
  }
  public func mean() throws -> Tensor { try op("aten::mean", self) }
  public func mean(_ dims: [Int], keepDim: Bool = false) throws -> Tensor {
    try op("aten::mean.dim", self, dims, keepDim)
  }
  public func max() throws -> Tensor { try op("aten::max", self) }
  public func min() throws -> Tensor { try op("aten::min", self) }
  public func amax(_ dims: [Int], keepDim: Bool = false) throws -> Tensor {
    try op("aten::amax", self, dims, keepDim)
  }
  public func amin(_ dims: [Int], keepDim: Bool = false) throws -> Tensor {
    try op("aten::amin", self, dims, keepDim)
  }
  public func argmax(_ dim: Int? = nil, keepDim: Bool = false) throws -> Tensor {
    try op("aten::argmax", self, dim, keepDim)
  }
  public func all() throws -> Tensor { try op("aten::all", self) }
  public func any() throws -> Tensor { try op("aten::any", self) }
  public func cumsum(_ dim: Int) throws -> Tensor { try op("aten::cumsum", self, dim) }
  public func std(_ dims: [Int], unbiased: Bool = true, keepDim: Bool = false) throws -> Tensor {
    try op("aten::std.dim", self, dims, unbiased, keepDim)
  }

  /// The Frobenius (Euclidean) norm over all elements.
  public func norm() throws -> Tensor { try op("aten::linalg_vector_norm", self) }
  public func norm(_ dims: [Int], keepDim: Bool = false) throws -> Tensor {
    try op("aten::linalg_vector_norm", self, 2, dims, keepDim)
  }

  /// The largest (or smallest) `k` elements along `dim`, in order, and where they are.
  public func topk(_ k: Int, dim: Int = -1, largest: Bool = true) throws -> (values: Tensor, indices: Tensor)
  {
    try pair(ops("aten::topk", self, k, dim, largest, true))
  }
  public func sorted(dim: Int = -1, descending: Bool = false) throws -> (values: Tensor, indices: Tensor) {
    try pair(ops("aten::sort.stable", self, true, dim, descending))
  }
  public func argsort(dim: Int = -1, descending: Bool = false) throws -> Tensor {
    try op("aten::argsort.stable", self, true, dim, descending)
  }
  /// The `k`-th smallest element along `dim` (from 1).
  /// The value below which the share `q` of all elements lies, with linear interpolation.
  public func quantile(_ q: Double) throws -> Double {
    // libtorch's operator refuses more than 16 million elements.
    let values = try flattened().sorted().values
    let place = q * Double(count - 1)
    let (low, high) = (Int(place), Swift.min(Int(place) + 1, count - 1))
    let (first, second): (Double, Double) = (
      try values.select(0, low).item(), try values.select(0, high).item()
    )
    return first + (second - first) * (place - Double(low))
  }
  public func kthValue(_ k: Int, dim: Int = -1) throws -> Tensor { try op("aten::kthvalue", self, k, dim) }

  /// `count` indices drawn in proportion to these weights, without replacement.
  public func multinomial(_ count: Int, generator: Generator? = nil) throws -> Tensor {
    try op("aten::multinomial", self, count, false, generator)
  }

  /// Whether shape, type and every element are the same.
  public func isIdentical(to other: Tensor) throws -> Bool {
    guard shape == other.shape, dtype == other.dtype else { return false }
    return try op("aten::eq.Tensor", self, other).all().item(of: Bool.self)
  }

  /// The norm of the difference over the norm of `reference`, in float64.
  public func relativeError(to reference: Tensor) throws -> Double {
    let (mine, right) = (try to(dtype: .float64), try reference.to(dtype: .float64))
    let scale: Double = try right.norm().item()
    let difference: Double = try (mine - right).norm().item()
    return scale == 0 ? difference : difference / scale
  }
}

func pair(_ tensors: [Tensor]) throws -> (Tensor, Tensor) {
  guard tensors.count == 2 else { throw TorchError(.invalid, "expected two results, got \(tensors.count)") }
  return (tensors[0], tensors[1])
}
