import Files
import JSON
import NN
import Pickle
import Safetensors
import Torch

/// Where an adapter is: a folder, and the file with its tensors.
struct AdapterPlace {
  let path: String
  let folder: String
  /// Nil for a folder without any file of tensors.
  let file: String?

  private static let usual = [
    AdapterFolder.weightsName, "adapters.safetensors", "pytorch_lora_weights.safetensors",
    KohyaFormat.fileName,
    "adapters.npz",
    "adapter_model.bin", "pytorch_lora_weights.bin",
  ]
  private static let extensions = ["gguf", "safetensors", "npz", "pt", "bin", "pth", "ckpt"]

  /// - Throws: ``AdapterError`` when there is nothing at `path`.
  init(_ path: String) throws {
    self.path = path
    if Folder.hasFile(path) {
      (folder, file) = (Folder.containing(path), path)
      return
    }
    guard Folder.exists(path) else { throw AdapterError("nothing at \(path): check the path") }
    folder = path
    let names = try Folder.names(in: path)
    let found =
      Self.usual.first(where: names.contains)
      ?? Self.extensions.lazy.compactMap { ending in names.sorted().first { $0.hasSuffix(".\(ending)") } }
      .first
    file = found.map { Folder.join(path, $0) }
  }

  func hasExtension(_ name: String) -> Bool { file?.hasSuffix(".\(name)") == true }

  /// adapter_config.json beside the tensors; nil when there is none.
  func configuration() throws -> JSONObject? {
    let path = Folder.join(folder, AdapterFolder.configurationName)
    return Folder.hasFile(path) ? try JSONValue.parse(contentsOf: path).objectValue : nil
  }

  /// - Throws: ``AdapterError`` when there is no file of tensors.
  func requireFile() throws -> String {
    guard let file else { throw AdapterError("no file of tensors, \(folder): name the file itself") }
    return file
  }

  func tensorNames() throws -> [String] { try source().names }

  /// The tensors, whatever file they are in.
  func tensors() throws -> [String: Tensor] {
    let source = try source()
    return try Dictionary(uniqueKeysWithValues: source.names.map { ($0, try source.tensor(named: $0)) })
  }

  /// What a safetensors file says beside its tensors.
  func metadata() throws -> [String: String] {
    hasExtension("safetensors") ? try SafetensorsFile(path: requireFile()).metadata : [:]
  }

  private func source() throws -> any TensorSource {
    let file = try requireFile()
    if hasExtension("safetensors") { return TensorDictionary(try SafetensorsFile(path: file).allTensors()) }
    if hasExtension("npz") { return try NumpyArchive(path: file) }
    return try TorchFileSource(path: file)
  }
}
