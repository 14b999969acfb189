import CTorch

/// An n-dimensional array of libtorch: a reference to shared, mutable memory on a device.
///
/// Copies of the reference are the same tensor. Memory is freed when the last reference goes. Every operation
/// that can fail throws a ``TorchError``; one `try` covers a line.
///
/// A tensor may be handed from one thread to another; libtorch's reference counts are atomic. Writing to it
/// while another thread reads is the caller's race, as in libtorch itself.
public final class Tensor: @unchecked Sendable {
  let handle: OpaquePointer
  /// How a backward pass can have this tensor without keeping it; see ``recomputable(from:by:)``.
  let recomputation: Recomputation?

  /// Takes over one reference.
  convenience init(owning handle: OpaquePointer) { self.init(owning: handle, recomputation: nil) }

  init(owning handle: OpaquePointer, recomputation: Recomputation?) {
    (self.handle, self.recomputation) = (handle, recomputation)
  }

  deinit { ct_tensor_release(handle) }

  /// The size of each dimension; empty for a scalar.
  public var shape: [Int] { numbers(ct_tensor_shape(handle)) }

  /// Elements between neighbours along each dimension.
  public var strides: [Int] { numbers(ct_tensor_strides(handle)) }

  /// The number of dimensions.
  public var rank: Int { Int(ct_tensor_dimensions(handle)) }

  /// The number of elements.
  public var count: Int { Int(ct_tensor_count(handle)) }

  public var dtype: DType { DType(code: ct_tensor_dtype(handle)) }

  public var device: Device { Device(packed: ct_tensor_device(handle)) }

  public var isContiguous: Bool { ct_tensor_is_contiguous(handle) }

  /// The memory that the elements take, in bytes (views count their elements).
  public var byteCount: Int { count * dtype.byteSize }

  /// Whether two tensors are views of one memory.
  public func sharesStorage(with other: Tensor) -> Bool {
    ct_tensor_storage(handle) == ct_tensor_storage(other.handle)
  }

  private func numbers(_ start: UnsafePointer<Int64>?) -> [Int] {
    UnsafeBufferPointer(start: start, count: rank).map(Int.init)
  }
}

extension Tensor: CustomStringConvertible {
  /// The type and shape, such as `float32[2, 3]`: contents would be a transfer and a wall of numbers.
  public var description: String { "\(dtype)\(shape)" }
}

/// Calls `body` with the handles of `tensors`, which stay alive meanwhile.
func withHandles<Result>(_ tensors: [Tensor?], _ body: (UnsafePointer<OpaquePointer?>?) -> Result) -> Result {
  withExtendedLifetime(tensors) {
    tensors.map { $0?.handle }.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}
