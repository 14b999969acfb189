/// What a tensor is, without its bytes: a name, an element type and a shape whose size makes sense.
public struct SafetensorsLayout: Sendable, Hashable {
  public let name: String
  public let dtype: SafetensorsDType
  public let shape: [Int]
  public let elementCount: Int
  public let byteCount: Int

  /// - Throws: `SafetensorsError` if an extent is negative, the size overflows, or elements smaller than
  ///   a byte do not fill whole bytes.
  public init(name: String, dtype: SafetensorsDType, shape: [Int]) throws(SafetensorsError) {
    guard let layout = SafetensorsLayout(checking: name, dtype, shape) else {
      throw SafetensorsError(
        code: .invalidRequest, message: "a \(dtype.rawValue) tensor cannot have the shape \(shape)",
        path: "tensor \(quoted(name))", remedy: "check the shape")
    }
    self = layout
  }

  /// Nil if the tensor's size in bytes is no size.
  init?(checking name: String, _ dtype: SafetensorsDType, _ shape: [Int]) {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else { return nil }
      count = product
    }
    let (bits, overflow) = count.multipliedReportingOverflow(by: dtype.bitWidth)
    guard !overflow, bits % 8 == 0 else { return nil }
    self.name = name
    self.dtype = dtype
    self.shape = shape
    elementCount = count
    byteCount = bits / 8
  }

  /// The order in a file: wide elements first, then names by their bytes.
  static func precedes(_ left: SafetensorsLayout, _ right: SafetensorsLayout) -> Bool {
    left.dtype == right.dtype
      ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.dtype.rank > right.dtype.rank
  }
}

/// A tensor in a file: its layout and where its bytes are.
public struct SafetensorsTensor: Sendable, Hashable {
  public let layout: SafetensorsLayout
  /// Counted from the beginning of the file, not of its data.
  public let byteRange: Range<Int>

  public var name: String { layout.name }
  public var dtype: SafetensorsDType { layout.dtype }
  public var shape: [Int] { layout.shape }
  public var elementCount: Int { layout.elementCount }
  public var byteCount: Int { layout.byteCount }
}
