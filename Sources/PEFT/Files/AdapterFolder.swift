import Files
import JSON
import NN
import Safetensors
import Torch

/// An adapter on disk as Hugging Face PEFT keeps it: `adapter_config.json` and `adapter_model.safetensors`.
public struct AdapterFolder {
  public static let configurationName = "adapter_config.json"
  public static let weightsName = "adapter_model.safetensors"

  public var configuration: AdapterConfiguration
  /// By full key, such as `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
  public var tensors: [String: Tensor]

  public init(configuration: AdapterConfiguration, tensors: [String: Tensor]) {
    (self.configuration, self.tensors) = (configuration, tensors)
  }

  /// Reads the folder `path`; tensors stay on disk until they are used.
  ///
  /// - Throws: `FileError`, `JSONError`, `SafetensorsError` or `ConfigurationError` for what is missing or wrong.
  public init(path: String) throws {
    let file = Folder.join(path, Self.configurationName)
    let json = try JSONValue.parse(contentsOf: file)
    guard let object = json.objectValue else {
      throw AdapterError("\(file) holds no JSON object: it is no adapter")
    }
    configuration = try AdapterConfiguration(object)
    tensors = try SafetensorsFile(path: Folder.join(path, Self.weightsName)).allTensors()
    self = try recognizingOriginalEDoRA()
  }

  /// Writes both files, each atomically, the configuration last: a folder with one is complete.
  public func write(to path: String) throws {
    try Folder.create(path)
    try SafetensorsWriter.write(tensors, to: Folder.join(path, Self.weightsName))
    try AtomicFile.write(Folder.join(path, Self.configurationName), configuration.text)
  }
}
