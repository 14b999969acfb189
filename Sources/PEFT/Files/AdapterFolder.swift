import Files
import JSON
import NN
import Pickle
import Safetensors
import Torch

/// An adapter on disk as Hugging Face PEFT keeps it: `adapter_config.json` and `adapter_model.safetensors`.
public struct AdapterFolder {
  public static let configurationName = "adapter_config.json"
  public static let weightsName = "adapter_model.safetensors"
  /// Factors that were taken off the base at the start; Hugging Face PEFT ignores the file.
  public static let initialName = "adapter_initial.safetensors"
  /// The weights of older adapters, read where there are no others; what is in it is never executed.
  public static let pickleName = "adapter_model.bin"
  /// The network that makes a soft prompt; Hugging Face PEFT ignores the file.
  public static let encoderName = "prompt_encoder.safetensors"

  public var configuration: AdapterConfiguration
  /// By full key, such as `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
  public var tensors: [String: Tensor]
  /// What the adapter started from, where that was taken off the base (PiSSA and its like): under the same keys, the
  /// factors whose product makes up the difference. Empty for other adapters, and in folders of Hugging Face PEFT.
  public var initial: [String: Tensor]
  /// The network that makes a soft prompt in training, which Hugging Face PEFT does not keep; by its names there, such as
  /// `mlp_head.0.weight`.
  public var encoder: [String: Tensor]
  /// What the adapted layers are, where the tensors do not tell and somebody knows: see ``LayerShapes``.
  public var shapes: LayerShapes?

  public init(
    configuration: AdapterConfiguration, tensors: [String: Tensor], initial: [String: Tensor] = [:],
    encoder: [String: Tensor] = [:], shapes: LayerShapes? = nil
  ) {
    (self.configuration, self.tensors) = (configuration, tensors)
    (self.initial, self.encoder, self.shapes) = (initial, encoder, shapes)
  }

  /// Reads the folder `path`; tensors stay on disk until they are used.
  ///
  /// - Throws: `FileError`, `JSONError`, `SafetensorsError`, `PickleError` or `ConfigurationError` for what is missing or wrong.
  public init(path: String) throws {
    let file = Folder.join(path, Self.configurationName)
    let json = try JSONValue.parse(contentsOf: file)
    guard let object = json.objectValue else {
      throw AdapterError("\(file) holds no JSON object: it is no adapter")
    }
    configuration = try AdapterConfiguration(object)
    let (weights, pickle) = (Folder.join(path, Self.weightsName), Folder.join(path, Self.pickleName))
    if Folder.hasFile(pickle), !Folder.hasFile(weights) {
      tensors = try TorchFileSource(path: pickle).allTensors()
    } else {
      let file = try SafetensorsFile(path: weights)
      (tensors, shapes) = (try file.allTensors(), try LayerShapes(metadata: file.metadata))
    }
    let start = Folder.join(path, Self.initialName)
    initial = Folder.hasFile(start) ? try SafetensorsFile(path: start).allTensors() : [:]
    let network = Folder.join(path, Self.encoderName)
    let hasNetwork = configuration.method is any PromptMethod && Folder.hasFile(network)
    encoder = hasNetwork ? try SafetensorsFile(path: network).allTensors() : [:]
    self = try recognizingOriginalEDoRA()
  }

  /// What to tell when the initial factors are needed, cannot be worked out from the base, and are not here.
  ///
  /// - Throws: ``AdapterError`` where Hugging Face PEFT would not load the folder either.
  func missingStart() throws -> String? {
    guard let method = configuration.method as? LoRA, initial.isEmpty, method.initialization.changesBase,
      method.initialization.needsData
    else { return nil }
    let name = method.initialization.json.serialized()
    let problem = "the folder has no \(Self.initialName), which tells what \(name) took off the base"
    guard !(method.initialization.initializer is LoRAGA) else {
      return "\(problem): outputs are right only on the base as it was saved after that"
    }
    throw AdapterError("\(problem): on a base as it was saved after that, set init_lora_weights to true")
  }

  /// Writes the files, each atomically, the configuration last: a folder with one is complete.
  public func write(to path: String) throws {
    try Folder.create(path)
    for (name, tensors) in [(Self.initialName, initial), (Self.encoderName, encoder)] {
      let file = Folder.join(path, name)
      if !tensors.isEmpty {
        try SafetensorsWriter.write(tensors, to: file)
      } else if Folder.hasFile(file) {
        // What an earlier adapter left would be taken for this one's.
        try Folder.removeFile(file)
      }
    }
    // Where PEFT's own file says enough, ours is the same to the byte.
    let isTold = shapes?.isPlain != false && configuration.shared.taskType != nil
    let metadata = isTold ? [:] : shapes?.metadata ?? [:]
    try SafetensorsWriter.write(
      tensors, to: Folder.join(path, Self.weightsName), metadata: metadata.merging(["format": "pt"]) { $1 })
    try AtomicFile.write(Folder.join(path, Self.configurationName), configuration.text)
  }
}
