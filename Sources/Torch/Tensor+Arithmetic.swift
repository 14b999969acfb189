extension Tensor {
  public static func + (left: Tensor, right: Tensor) throws -> Tensor {
    try op("aten::add.Tensor", left, right)
  }
  public static func - (left: Tensor, right: Tensor) throws -> Tensor {
    try op("aten::sub.Tensor", left, right)
  }
  public static func * (left: Tensor, right: Tensor) throws -> Tensor {
    try op("aten::mul.Tensor", left, right)
  }
  public static func / (left: Tensor, right: Tensor) throws -> Tensor {
    try op("aten::div.Tensor", left, right)
  }
  public static func + (left: Tensor, right: Double) throws -> Tensor {
    try op("aten::add.Scalar", left, right)
  }
  public static func - (left: Tensor, right: Double) throws -> Tensor {
    try op("aten::sub.Scalar", left, right)
  }
  public static func * (left: Tensor, right: Double) throws -> Tensor {
    try op("aten::mul.Scalar", left, right)
  }
  public static func / (left: Tensor, right: Double) throws -> Tensor {
    try op("aten::div.Scalar", left, right)
  }
  public static prefix func - (tensor: Tensor) throws -> Tensor { try op("aten::neg", tensor) }

  /// `self + scale * other`.
  public func adding(_ other: Tensor, scale: Double) throws -> Tensor {
    try op("aten::add.Tensor", self, other, scale)
  }

  @discardableResult
  public func add_(_ other: Tensor, scale: Double = 1) throws -> Tensor {
    try op("aten::add_.Tensor", self, other, scale)
  }
  @discardableResult
  public func sub_(_ other: Tensor) throws -> Tensor { try op("aten::sub_.Tensor", self, other) }
  @discardableResult
  public func mul_(_ other: Tensor) throws -> Tensor { try op("aten::mul_.Tensor", self, other) }
  @discardableResult
  public func mul_(_ factor: Double) throws -> Tensor { try op("aten::mul_.Scalar", self, factor) }
  @discardableResult
  public func div_(_ other: Tensor) throws -> Tensor { try op("aten::div_.Tensor", self, other) }

  /// Writes `source`, converted and broadcast, into this tensor's memory.
  @discardableResult
  public func copy_(_ source: Tensor) throws -> Tensor { try op("aten::copy_", self, source) }

  public func pow(_ exponent: Double) throws -> Tensor { try op("aten::pow.Tensor_Scalar", self, exponent) }
  /// `base` to the power of each element.
  public static func pow(_ base: Double, _ exponent: Tensor) throws -> Tensor {
    try op("aten::pow.Scalar", base, exponent)
  }
  public func sqrt() throws -> Tensor { try op("aten::sqrt", self) }
  public func rsqrt() throws -> Tensor { try op("aten::rsqrt", self) }
  public func exp() throws -> Tensor { try op("aten::exp", self) }
  public func log() throws -> Tensor { try op("aten::log", self) }
  public func abs() throws -> Tensor { try op("aten::abs", self) }
  public func sign() throws -> Tensor { try op("aten::sign", self) }
  public func square() throws -> Tensor { try op("aten::square", self) }
  public func reciprocal() throws -> Tensor { try op("aten::reciprocal", self) }
  public func cos() throws -> Tensor { try op("aten::cos", self) }
  public func sin() throws -> Tensor { try op("aten::sin", self) }
  public func round() throws -> Tensor { try op("aten::round", self) }
  public func floor() throws -> Tensor { try op("aten::floor", self) }

  public func clamped(min: Double? = nil, max: Double? = nil) throws -> Tensor {
    try op("aten::clamp", self, min, max)
  }
  @discardableResult
  public func clamp_(min: Double? = nil, max: Double? = nil) throws -> Tensor {
    try op("aten::clamp_", self, min, max)
  }
  public func maximum(_ other: Tensor) throws -> Tensor { try op("aten::maximum", self, other) }
  public func minimum(_ other: Tensor) throws -> Tensor { try op("aten::minimum", self, other) }
  public func remainder(_ divisor: Double) throws -> Tensor {
    try op("aten::remainder.Scalar", self, divisor)
  }

  // Comparisons give bool tensors.
  /// The quotient rounded down; whole numbers stay whole.
  public func floorDivided(_ divisor: Int) throws -> Tensor {
    try op("aten::floor_divide.Scalar", self, divisor)
  }

  public func equal(_ other: Tensor) throws -> Tensor { try op("aten::eq.Tensor", self, other) }
  public func equal(_ value: Double) throws -> Tensor { try op("aten::eq.Scalar", self, value) }
  public func notEqual(_ value: Double) throws -> Tensor { try op("aten::ne.Scalar", self, value) }
  public func less(_ other: Tensor) throws -> Tensor { try op("aten::lt.Tensor", self, other) }
  public func less(_ value: Double) throws -> Tensor { try op("aten::lt.Scalar", self, value) }
  public func lessOrEqual(_ other: Tensor) throws -> Tensor { try op("aten::le.Tensor", self, other) }
  public func greater(_ other: Tensor) throws -> Tensor { try op("aten::gt.Tensor", self, other) }
  public func greater(_ value: Double) throws -> Tensor { try op("aten::gt.Scalar", self, value) }
  public func greaterOrEqual(_ other: Tensor) throws -> Tensor { try op("aten::ge.Tensor", self, other) }
  public func greaterOrEqual(_ value: Double) throws -> Tensor { try op("aten::ge.Scalar", self, value) }
  public func logicalAnd(_ other: Tensor) throws -> Tensor { try op("aten::logical_and", self, other) }
  public func logicalOr(_ other: Tensor) throws -> Tensor { try op("aten::logical_or", self, other) }
  public func logicalNot() throws -> Tensor { try op("aten::logical_not", self) }
  public func isFinite() throws -> Tensor { try op("aten::isfinite", self) }

  /// Elements of `self` where `condition` holds, of `other` elsewhere.
  public func selected(where condition: Tensor, otherwise other: Tensor) throws -> Tensor {
    try op("aten::where.self", condition, self, other)
  }
  public func maskedFill(_ mask: Tensor, _ value: Double) throws -> Tensor {
    try op("aten::masked_fill.Scalar", self, mask, value)
  }
  @discardableResult
  public func maskedFill_(_ mask: Tensor, _ value: Double) throws -> Tensor {
    try op("aten::masked_fill_.Scalar", self, mask, value)
  }
}
