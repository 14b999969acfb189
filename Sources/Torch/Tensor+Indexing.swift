extension Tensor {
  /// The slice at `index` of dimension `dim`, which goes away. A view.
  public func select(_ dim: Int, _ index: Int) throws -> Tensor {
    try op("aten::select.int", self, dim, index)
  }

  /// Elements `start..<end` of dimension `dim`. A view.
  public func slice(_ dim: Int, _ range: Range<Int>) throws -> Tensor {
    try op("aten::slice.Tensor", self, dim, range.lowerBound, range.upperBound, 1)
  }
  public func slice(_ dim: Int, from start: Int = 0, step: Int = 1) throws -> Tensor {
    try op("aten::slice.Tensor", self, dim, start, nil as Int?, step)
  }
  public func narrow(_ dim: Int, start: Int, length: Int) throws -> Tensor {
    try op("aten::narrow", self, dim, start, length)
  }

  /// The rows (along `dim`) that `index`, an int64 vector, names.
  public func indexSelect(_ dim: Int, _ index: Tensor) throws -> Tensor {
    try op("aten::index_select", self, dim, index)
  }
  public func gather(_ dim: Int, _ index: Tensor) throws -> Tensor {
    try op("aten::gather", self, dim, index)
  }
  public func take(_ index: Tensor) throws -> Tensor { try op("aten::take", self, index) }

  /// Elements where a bool mask holds, or rows where an int64 vector points, dimension by dimension.
  public func indexed(_ indices: [Tensor?]) throws -> Tensor { try op("aten::index.Tensor", self, indices) }

  @discardableResult
  public func indexAdd_(_ dim: Int, _ index: Tensor, _ source: Tensor, scale: Double = 1) throws -> Tensor {
    try op("aten::index_add_", self, dim, index, source, scale)
  }
  public func indexAdd(_ dim: Int, _ index: Tensor, _ source: Tensor, scale: Double = 1) throws -> Tensor {
    try op("aten::index_add", self, dim, index, source, scale)
  }
  public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) throws -> Tensor {
    try op("aten::index_copy", self, dim, index, source)
  }
  @discardableResult
  public func indexCopy_(_ dim: Int, _ index: Tensor, _ source: Tensor) throws -> Tensor {
    try op("aten::index_copy_", self, dim, index, source)
  }
  @discardableResult
  public func scatter_(_ dim: Int, _ index: Tensor, _ source: Tensor) throws -> Tensor {
    try op("aten::scatter_.src", self, dim, index, source)
  }
  @discardableResult
  public func scatter_(_ dim: Int, _ index: Tensor, value: Double) throws -> Tensor {
    try op("aten::scatter_.value", self, dim, index, value)
  }

  /// For each element, how many of the ascending `boundaries` it exceeds: int64.
  public func bucketized(_ boundaries: Tensor) throws -> Tensor {
    try op("aten::bucketize.Tensor", self, boundaries)
  }

  /// Positions of the nonzero elements: int64 `[found, rank]`.
  public func nonzero() throws -> Tensor { try op("aten::nonzero", self) }
}
