import Files
import JSON
import Pickle
import Safetensors
import Torch

/// The weights of a model that `torch.save` wrote: `pytorch_model.bin`, or the files that `pytorch_model.bin.index.json`
/// names.
public struct TorchCheckpointSource: TensorSource {
  private let files: [TorchFileSource]
  /// The file of each tensor.
  private let places: [String: Int]

  /// Nil where the folder has no such files.
  ///
  /// - Throws: ``PickleError`` for anything but tensors in dictionaries; what `Files` and `JSON` say of an index that is
  ///   unreadable, or of files that it names and that are missing.
  public init?(folder: String) throws {
    guard let paths = try Self.paths(in: folder) else { return nil }
    files = try paths.map { try TorchFileSource(path: $0) }
    var places: [String: Int] = [:]
    for (place, file) in files.enumerated() { for name in file.names { places[name] = place } }
    self.places = places
  }

  private static func paths(in folder: String) throws -> [String]? {
    let (whole, index) = (
      Folder.join(folder, "pytorch_model.bin"), Folder.join(folder, "pytorch_model.bin.index.json")
    )
    if Folder.hasFile(whole) { return [whole] }
    guard Folder.hasFile(index) else { return nil }
    let names = try JSONValue.parse(contentsOf: index)["weight_map"]?.objectValue?.map(\.value.stringValue)
    // A file beside the index: no name may lead elsewhere.
    guard let names, !names.isEmpty, names.allSatisfy({ $0?.contains("/") == false }) else {
      throw PickleError("no weight_map of file names, \(index): download the index and all its files again")
    }
    return Set(names.compactMap(\.self)).sorted().map { Folder.join(folder, $0) }
  }

  public var names: [String] { places.keys.sorted() }
  public func shape(of name: String) -> [Int]? { places[name].flatMap { files[$0].shape(of: name) } }

  public func tensor(named name: String) throws -> Tensor {
    guard let place = places[name] else { throw TorchError(.invalid, "there is no tensor named \(name)") }
    return try files[place].tensor(named: name)
  }
}

/// The weights in a model's folder, whichever way they are kept; safetensors first.
///
/// - Throws: `SafetensorsError` where there are none; what the readers say of files that are damaged.
public func checkpointSource(in folder: String) throws -> any TensorSource {
  let hasSafetensors = ["model.safetensors", "model.safetensors.index.json"].contains {
    Folder.hasFile(Folder.join(folder, $0))
  }
  if !hasSafetensors, let pickled = try TorchCheckpointSource(folder: folder) { return pickled }
  return SafetensorsSource(try SafetensorsCheckpoint(path: folder))
}
