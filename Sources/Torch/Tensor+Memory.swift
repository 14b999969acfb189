import CTorch

/// A Swift type that mirrors an element type.
public protocol TensorScalar: BitwiseCopyable {
  static var dtype: DType { get }
}

extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar { public static var dtype: DType { .float64 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }
extension Int: TensorScalar { public static var dtype: DType { .int64 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int16: TensorScalar { public static var dtype: DType { .int16 } }
extension Int8: TensorScalar { public static var dtype: DType { .int8 } }
extension UInt8: TensorScalar { public static var dtype: DType { .uint8 } }
extension Bool: TensorScalar { public static var dtype: DType { .bool } }

extension Tensor {
  /// A tensor on the CPU with a copy of `values`.
  ///
  /// - Throws: ``TorchError`` when `shape` does not hold exactly that many.
  public convenience init<Scalar: TensorScalar>(_ values: [Scalar], shape: [Int]? = nil) throws {
    let tensor = try values.withUnsafeBytes {
      try Tensor.copying($0, shape: shape ?? [values.count], dtype: Scalar.dtype)
    }
    self.init(owning: try tensor.retained())
  }

  /// A scalar on the CPU.
  public convenience init<Scalar: TensorScalar>(_ value: Scalar) throws {
    try self.init([value], shape: [])
  }

  /// A tensor on the CPU with a copy of `bytes`, which hold its elements in row-major order.
  public static func copying(_ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws -> Tensor {
    Engine.start()
    try check(shape)
    let made = shape.map(Int64.init).withUnsafeBufferPointer {
      ct_tensor_from_bytes(bytes.baseAddress, bytes.count, $0.baseAddress, Int32($0.count), dtype.code)
    }
    guard let made else { throw TorchError.last(in: "Tensor", of: [shape, dtype]) }
    return Tensor(owning: made)
  }

  /// A tensor over memory that belongs to `owner`, without a copy; `owner` lives as long as the tensor.
  ///
  /// - Throws: ``TorchError`` when `bytes` is smaller than the shape needs.
  public static func viewing(
    _ bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject
  ) throws -> Tensor {
    Engine.start()
    try check(shape)
    let needed = shape.reduce(dtype.byteSize) { $0.multipliedReportingOverflow(by: $1).partialValue }
    guard bytes.count >= needed else {
      throw TorchError(.invalid, "\(dtype)\(shape) needs \(needed) bytes, the memory has \(bytes.count)")
    }
    guard let start = bytes.baseAddress, needed > 0 else { return try .zeros(shape, dtype: dtype) }
    let made = shape.map(Int64.init).withUnsafeBufferPointer {
      ct_tensor_from_memory(
        UnsafeMutableRawPointer(mutating: start), $0.baseAddress, Int32($0.count), dtype.code,
        Unmanaged.passRetained(owner).toOpaque(),
        { context in
          if let context { Unmanaged<AnyObject>.fromOpaque(context).release() }
        })
    }
    guard let made else { throw TorchError.last(in: "Tensor.viewing", of: [shape, dtype]) }
    return Tensor(owning: made)
  }

  /// The elements in row-major order, converted to `Scalar`.
  public func array<Scalar: TensorScalar>(of type: Scalar.Type = Scalar.self) throws -> [Scalar] {
    let plain = try detached().to(dtype: Scalar.dtype, device: .cpu).contiguous()
    return try plain.withBytes { Array($0.bindMemory(to: Scalar.self)) }
  }

  /// The value of a tensor with one element.
  public func item<Scalar: TensorScalar>(of type: Scalar.Type = Scalar.self) throws -> Scalar {
    guard count == 1, let value = try array(of: type).first else {
      throw TorchError(.invalid, "item: expected one element, got \(self)")
    }
    return value
  }

  /// The value of a tensor with one element, as a Double.
  public func item() throws -> Double { try item(of: Double.self) }

  /// Calls `body` with the raw bytes of a contiguous CPU tensor.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard isContiguous, device == .cpu else {
      throw TorchError(.invalid, "withBytes: needs a contiguous CPU tensor, got \(self) on \(device)")
    }
    return try withExtendedLifetime(self) {
      guard count > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
      guard let start = ct_tensor_data(handle) else { throw TorchError.last(in: "withBytes", of: [self]) }
      return try body(UnsafeRawBufferPointer(start: start, count: byteCount))
    }
  }

  /// A second owned reference to the same libtorch object.
  private func retained() throws -> OpaquePointer {
    guard let copy = ct_tensor_retain(handle) else { throw TorchError.last(in: "Tensor") }
    return copy
  }

  private static func check(_ shape: [Int]) throws {
    guard shape.allSatisfy({ $0 >= 0 }) else { throw TorchError(.invalid, "negative size in shape \(shape)") }
  }
}
