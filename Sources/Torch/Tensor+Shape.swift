extension Tensor {
  /// The same elements in another shape; one size may be -1. A view where the memory allows it.
  public func reshaped(_ shape: [Int]) throws -> Tensor { try op("aten::reshape", self, shape) }
  public func view(_ shape: [Int]) throws -> Tensor { try op("aten::view", self, shape) }
  public func transposed(_ first: Int = -2, _ second: Int = -1) throws -> Tensor {
    try op("aten::transpose.int", self, first, second)
  }
  /// The transpose of a matrix.
  public func t() throws -> Tensor { try op("aten::t", self) }
  public func permuted(_ order: [Int]) throws -> Tensor { try op("aten::permute", self, order) }
  public func unsqueezed(_ dim: Int) throws -> Tensor { try op("aten::unsqueeze", self, dim) }
  public func squeezed(_ dim: Int) throws -> Tensor { try op("aten::squeeze.dim", self, dim) }
  public func expanded(_ shape: [Int]) throws -> Tensor { try op("aten::expand", self, shape) }
  public func flattened(from start: Int = 0, to end: Int = -1) throws -> Tensor {
    try op("aten::flatten.using_ints", self, start, end)
  }
  public func repeated(_ counts: [Int]) throws -> Tensor { try op("aten::repeat", self, counts) }
  public func repeatInterleaved(_ count: Int, dim: Int) throws -> Tensor {
    try op("aten::repeat_interleave.self_int", self, count, dim)
  }
  public func flipped(_ dims: [Int]) throws -> Tensor { try op("aten::flip", self, dims) }
  public func rolled(_ shift: Int, dim: Int) throws -> Tensor { try op("aten::roll", self, [shift], [dim]) }

  /// A view of this tensor's whole storage.
  public func strided(_ shape: [Int], strides: [Int], offset: Int) throws -> Tensor {
    try op("aten::as_strided", self, shape, strides, offset)
  }
  public func contiguous() throws -> Tensor { isContiguous ? self : try op("aten::contiguous", self) }
  public func clone() throws -> Tensor { try op("aten::clone", self) }

  /// This tensor as `dtype` on `device`; itself when it already is.
  public func to(dtype: DType? = nil, device: Device? = nil) throws -> Tensor {
    let dtype = dtype ?? self.dtype
    let device = device ?? self.device
    guard dtype != self.dtype || device != self.device else { return self }
    return try op("aten::to.device", self, device, dtype)
  }

  public static func cat(_ tensors: [Tensor], dim: Int = 0) throws -> Tensor {
    try op("aten::cat", tensors, dim)
  }
  public static func stack(_ tensors: [Tensor], dim: Int = 0) throws -> Tensor {
    try op("aten::stack", tensors, dim)
  }
  public func split(_ sizes: [Int], dim: Int = 0) throws -> [Tensor] {
    try ops("aten::split_with_sizes", self, sizes, dim)
  }
  public func chunked(_ count: Int, dim: Int = 0) throws -> [Tensor] {
    try ops("aten::chunk", self, count, dim)
  }
  public func unbound(dim: Int = 0) throws -> [Tensor] { try ops("aten::unbind.int", self, dim) }

  /// Pads with `value`: `[left, right]` of the last dimension, then of the one before it, ...
  public func padded(_ amounts: [Int], value: Double = 0) throws -> Tensor {
    try op("aten::constant_pad_nd", self, amounts, value)
  }

  /// Pads as ``padded(_:value:)`` does, by `constant` zeros, `reflect`, `replicate` or `circular`.
  public func padded(_ amounts: [Int], mode: String) throws -> Tensor {
    try op("aten::pad", self, amounts, mode)
  }

  /// The lower triangle; the rest is zero.
  public func tril(_ diagonal: Int = 0) throws -> Tensor { try op("aten::tril", self, diagonal) }
  public func triu(_ diagonal: Int = 0) throws -> Tensor { try op("aten::triu", self, diagonal) }
  public func diagonal() throws -> Tensor { try op("aten::diagonal", self) }
  /// The square matrix with this vector on its diagonal.
  public func diagonalMatrix() throws -> Tensor { try op("aten::diag_embed", self) }
}
