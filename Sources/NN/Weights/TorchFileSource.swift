import Pickle
import Torch

/// The weights of a file that `torch.save` wrote (`pytorch_model.bin`, `adapter_model.bin`), read in place where it
/// aligns them. Nothing in the file is executed.
public struct TorchFileSource: TensorSource {
  private let file: TorchFile

  /// - Throws: ``PickleError`` for anything but tensors in dictionaries.
  public init(path: String) throws { try self.init(TorchFile(path: path)) }

  public init(_ file: TorchFile) { self.file = file }

  public var names: [String] { file.tensors.keys.sorted() }
  public func shape(of name: String) -> [Int]? { file.tensors[name]?.shape }

  public func tensor(named name: String) throws -> Tensor {
    guard let view = file.tensors[name] else {
      throw TorchError(.invalid, "there is no tensor named \(name)")
    }
    guard let dtype = DType(named: view.storage.dtype) else {
      throw TorchError(.unsupported, "tensor \(name) has the unknown type \(view.storage.dtype)")
    }
    let bytes = file.storageBytes(of: view)
    let isAligned =
      bytes.baseAddress.map { UInt(bitPattern: $0).isMultiple(of: UInt(dtype.byteSize)) } ?? false
    let storage: Tensor =
      try isAligned
      ? .viewing(bytes, shape: [view.storage.count], dtype: dtype, owner: file.mapping)
      : .copying(bytes, shape: [view.storage.count], dtype: dtype)
    return try storage.strided(view.shape, strides: view.strides, offset: view.offset)
  }

  /// Every tensor, by name.
  public func allTensors() throws -> [String: Tensor] {
    try Dictionary(uniqueKeysWithValues: names.map { ($0, try tensor(named: $0)) })
  }
}
