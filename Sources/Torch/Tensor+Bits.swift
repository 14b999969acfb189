extension Tensor {
  public func bitAnd(_ mask: Int) throws -> Tensor { try op("aten::bitwise_and.Scalar", self, mask) }
  public func bitOr(_ other: Tensor) throws -> Tensor { try op("aten::bitwise_or.Tensor", self, other) }
  public func shiftedLeft(_ bits: Int) throws -> Tensor {
    try op("aten::bitwise_left_shift.Tensor_Scalar", self, bits)
  }
  public func shiftedRight(_ bits: Int) throws -> Tensor {
    try op("aten::bitwise_right_shift.Tensor_Scalar", self, bits)
  }

  /// The same memory read as another type; the last size changes with the size of elements.
  public func reinterpreted(as dtype: DType) throws -> Tensor { try op("aten::view.dtype", self, dtype) }
}
