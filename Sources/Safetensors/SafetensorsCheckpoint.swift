/// A checkpoint as Hugging Face saves it: one safetensors file, or shards that an index ties together.

import Files
import JSON

public struct SafetensorsCheckpoint: Sendable {
  public let files: [SafetensorsFile]
  private let places: [ByteString: Place]

  private struct Place {
    let file: Int
    let tensor: SafetensorsTensor
  }

  /// Opens the checkpoint at `path`: a folder, an index file or a safetensors file.
  ///
  /// In a folder, `NAME.safetensors` goes before `NAME.safetensors.index.json`, as in transformers.
  ///
  /// - Parameter name: what the files are called in a folder: `model`, `adapter_model`,
  ///   `diffusion_pytorch_model`.
  /// - Throws: `SafetensorsError` if there is none, a file is malformed, or the index and the shards
  ///   disagree; `FileError` and `JSONError` if one cannot be read.
  public init(path: String, name: String = "model") throws {
    let source = Folder.exists(path) ? try Self.source(in: path, name: name) : path
    guard source.hasSuffix(".index.json") else {
      try self.init(files: [SafetensorsFile(path: source)])
      return
    }
    let index = try SafetensorsIndex(path: source)
    let fileNames = index.fileNames
    try self.init(files: fileNames.map { try SafetensorsFile(path: try index.shardPath($0)) })
    try checkAgreement(with: index, fileNames)
  }

  /// The tensors of `files` together.
  ///
  /// - Throws: `SafetensorsError` if two of them have one name.
  public init(files: [SafetensorsFile]) throws(SafetensorsError) {
    var places: [ByteString: Place] = [:]
    for (position, file) in files.enumerated() {
      for tensor in file.tensors {
        guard
          let other = places.updateValue(
            Place(file: position, tensor: tensor), forKey: ByteString(tensor.name))
        else { continue }
        throw SafetensorsError(
          code: .disagreement,
          message: "tensor \(quoted(tensor.name)) is in \(files[other.file].path) too", path: file.path,
          remedy: "keep it in one of them")
      }
    }
    self.files = files
    self.places = places
  }

  /// All names, file by file in the order of the bytes.
  public var names: [String] { files.flatMap(\.names) }

  public var count: Int { places.count }

  /// The size of all tensors.
  public var byteCount: Int { files.reduce(0) { $0 + $1.tensors.reduce(0) { $0 + $1.byteCount } } }

  /// The tensor called `name` and the file that holds it, if there is one.
  public subscript(name: String) -> (file: SafetensorsFile, tensor: SafetensorsTensor)? {
    places[ByteString(name)].map { (files[$0.file], $0.tensor) }
  }

  private static func source(in folder: String, name: String) throws -> String {
    let single = Folder.join(folder, ShardPlan.fileName(name))
    if Folder.hasFile(single) { return single }
    let index = Folder.join(folder, ShardPlan.indexName(name))
    if Folder.hasFile(index) { return index }
    let hasPickle = try Folder.names(in: folder).contains { $0.hasSuffix(".bin") || $0.hasSuffix(".pth") }
    throw SafetensorsError(
      code: .notFound, message: "no \(name).safetensors and no \(name).safetensors.index.json", path: folder,
      remedy: hasPickle
        ? "convert the PyTorch weights there to safetensors" : "check the path, or download the weights")
  }

  /// Each name of the index is in the file it says, and each tensor of the files is in the index.
  private func checkAgreement(with index: SafetensorsIndex, _ fileNames: [String]) throws {
    func disagreement(_ message: String) -> SafetensorsError {
      SafetensorsError(
        code: .disagreement, message: message, path: index.path,
        remedy: "download the index and all shards again, from one revision")
    }
    let positions = Dictionary(
      uniqueKeysWithValues: fileNames.enumerated().map { (ByteString($0.element), $0.offset) })
    for (name, fileName) in index.weightMap {
      guard let place = places[ByteString(name)], place.file == positions[ByteString(fileName)] else {
        throw disagreement("the index says that \(quoted(name)) is in \(quoted(fileName)), which lacks it")
      }
    }
    guard index.weightMap.count < count else { return }
    let indexed = Set(index.weightMap.map { ByteString($0.name) })
    if let extra = names.first(where: { !indexed.contains(ByteString($0)) }) {
      throw disagreement("the shards hold \(quoted(extra)), which the index does not name")
    }
  }
}
