import Safetensors
import Torch

/// The weights of a checkpoint on disk, read in place: pages come into memory as they are touched.
public struct SafetensorsSource: TensorSource {
  public let checkpoint: SafetensorsCheckpoint

  public init(_ checkpoint: SafetensorsCheckpoint) { self.checkpoint = checkpoint }

  /// Opens a folder, an index or a file.
  public init(path: String, name: String = "model") throws {
    checkpoint = try SafetensorsCheckpoint(path: path, name: name)
  }

  public var names: [String] { checkpoint.names }

  public func shape(of name: String) -> [Int]? { checkpoint[name]?.tensor.shape }

  public func tensor(named name: String) throws -> Tensor {
    guard let (file, tensor) = checkpoint[name] else {
      throw TorchError(.invalid, "there is no tensor named \(name)")
    }
    return try file.tensor(tensor)
  }
}

extension SafetensorsFile {
  /// A tensor over the file's memory; a copy where the file does not align it.
  public func tensor(_ tensor: SafetensorsTensor) throws -> Tensor {
    let (dtype, bytes) = (try DType(tensor.dtype, of: tensor.name, in: path), try bytes(of: tensor))
    guard isAligned(tensor) else { return try .copying(bytes, shape: tensor.shape, dtype: dtype) }
    return try .viewing(bytes, shape: tensor.shape, dtype: dtype, owner: mapping)
  }

  /// Every tensor, by name.
  public func allTensors() throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for tensor in self.tensors { tensors[tensor.name] = try self.tensor(tensor) }
    return tensors
  }
}

extension SafetensorsWriter {
  /// Writes `tensors` as the file `path`, atomically.
  public static func write(
    _ tensors: [String: Tensor], to path: String, metadata: [String: String] = ["format": "pt"]
  )
    throws
  {
    let layouts = try tensors.map { name, tensor in try SafetensorsLayout(tensor, named: name) }
    try write(path, tensors: layouts, metadata: metadata) { layout, sink in
      try tensors[layout.name]?.detached().to(device: .cpu).contiguous().withBytes(sink)
    }
  }
}

extension SafetensorsLayout {
  public init(_ tensor: Tensor, named name: String) throws {
    guard let dtype = SafetensorsDType(tensor.dtype) else {
      throw TorchError(.unsupported, "safetensors files hold no \(tensor.dtype) (\(name))")
    }
    try self.init(name: name, dtype: dtype, shape: tensor.shape)
  }
}

private let types: [(SafetensorsDType, DType)] = [
  (.bool, .bool), (.u8, .uint8), (.i8, .int8), (.f8e5m2, .float8e5m2), (.f8e4m3, .float8e4m3),
  (.f8e8m0, .float8e8m0),
  (.i16, .int16), (.u16, .uint16), (.f16, .float16), (.bf16, .bfloat16), (.i32, .int32), (.u32, .uint32),
  (.f32, .float32), (.c64, .complex64), (.f64, .float64), (.i64, .int64), (.u64, .uint64),
]

extension DType {
  fileprivate init(_ stored: SafetensorsDType, of name: String, in path: String) throws {
    guard let match = types.first(where: { $0.0 == stored }) else {
      throw TorchError(
        .unsupported, "tensor \(name) has type \(stored.rawValue), which libtorch lacks, in \(path)")
    }
    self = match.1
  }
}

extension SafetensorsDType {
  fileprivate init?(_ dtype: DType) {
    guard let match = types.first(where: { $0.1 == dtype }) else { return nil }
    self = match.0
  }
}
