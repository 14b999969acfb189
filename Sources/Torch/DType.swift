import CTorch

/// The type of a tensor's elements.
public struct DType: Hashable, Sendable {
  /// libtorch's number for it.
  let code: Int32

  init(code: Int32) { self.code = code }

  public static let uint8 = DType(code: 0)
  public static let int8 = DType(code: 1)
  public static let int16 = DType(code: 2)
  public static let int32 = DType(code: 3)
  public static let int64 = DType(code: 4)
  public static let float16 = DType(code: 5)
  public static let float32 = DType(code: 6)
  public static let float64 = DType(code: 7)
  public static let complex64 = DType(code: 9)
  public static let bool = DType(code: 11)
  public static let bfloat16 = DType(code: 15)
  public static let float8e5m2 = DType(code: 23)
  public static let float8e4m3 = DType(code: 24)
  public static let uint16 = DType(code: 27)
  public static let uint32 = DType(code: 28)
  public static let uint64 = DType(code: 29)
  public static let float8e8m0 = DType(code: 44)

  /// Every type with a name, in the order of the declarations above.
  public static let all: [DType] = names.map(\.0)

  private static let names: [(DType, String)] = [
    (.uint8, "uint8"), (.int8, "int8"), (.int16, "int16"), (.int32, "int32"), (.int64, "int64"),
    (.float16, "float16"), (.float32, "float32"), (.float64, "float64"), (.complex64, "complex64"),
    (.bool, "bool"), (.bfloat16, "bfloat16"), (.float8e5m2, "float8_e5m2"), (.float8e4m3, "float8_e4m3fn"),
    (.uint16, "uint16"), (.uint32, "uint32"), (.uint64, "uint64"), (.float8e8m0, "float8_e8m0fnu"),
  ]

  /// The type that PyTorch and config.json call `name` (`float32`, `torch.bfloat16`, `half`), if any.
  public init?(named name: String) {
    let short = name.hasPrefix("torch.") ? String(name.dropFirst(6)) : name
    let aliases = [
      "half": "float16", "float": "float32", "double": "float64", "long": "int64", "int": "int32",
    ]
    guard let match = DType.names.first(where: { $0.1 == aliases[short] ?? short }) else { return nil }
    self = match.0
  }

  /// The size of an element in bytes.
  public var byteSize: Int { Int(ct_dtype_size(code)) }

  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .float32, .float64, .bfloat16, .float8e4m3, .float8e5m2, .float8e8m0: true
    default: false
    }
  }

  /// The lowest finite number of a floating-point type.
  public var lowest: Double {
    switch self {
    case .float16: -65504
    case .bfloat16: -3.3895313892515355e38
    case .float64: -Double.greatestFiniteMagnitude
    default: -Double(Float.greatestFiniteMagnitude)
    }
  }

  /// Whether sums in this type lose so much that they are taken in float32 instead.
  public var isReducedPrecision: Bool { isFloatingPoint && self != .float32 && self != .float64 }
}

extension DType: CustomStringConvertible {
  public var description: String { DType.names.first { $0.0 == self }?.1 ?? "dtype\(code)" }
}
