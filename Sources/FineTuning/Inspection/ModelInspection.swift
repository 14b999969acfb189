import JSON
import Models
import NN
import Safetensors
import Torch

/// What is in a model's folder, without loading the model: its family, and each tensor's shape, type and norm.
public struct ModelInspection {
  public struct Entry: Sendable {
    public let name: String
    public let shape: [Int]
    public let dtype: String
    public let norm: Double
  }

  public let modelType: String
  public let architectures: [String]
  public let tensors: [Entry]
  public let bytes: Int
  public let warnings: [String]

  public var parameters: Int { tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// - Throws: what reading config.json and the weights throws.
  public init(_ folder: ModelFolder) throws {
    let config = try ModelConfiguration(folder: folder.path)
    (modelType, architectures) = (try config.modelType, try config.architectures)
    let source = try checkpointSource(in: folder.path)
    var warnings: [String] = []
    if !ModelRegistry.modelTypes.contains(modelType) {
      warnings.append(
        "models of type \(modelType) cannot be run; those that can are \(ModelRegistry.modelTypes.joined(separator: ", "))"
      )
    }
    let tasks = (try? ModelRegistry.tasks(of: config)) ?? []
    if try !tasks.contains(.imageClassification) && folder.tokenizer() == nil {
      warnings.append("no tokenizer: only rows of input_ids can be used")
    }
    var sizes = 0
    tensors = try source.names.map { name in
      let tensor = try source.tensor(named: name)
      sizes += tensor.count * tensor.dtype.byteSize
      let norm: Double = tensor.dtype.isFloatingPoint ? try tensor.to(dtype: .float32).norm().item() : 0
      if !norm.isFinite { warnings.append("\(name) has values that are not finite") }
      return Entry(name: name, shape: tensor.shape, dtype: "\(tensor.dtype)", norm: norm)
    }
    bytes = sizes
    self.warnings = warnings
  }

  public var json: JSONObject {
    let entries = tensors.map { entry -> JSONValue in
      [
        "name": .string(entry.name), "shape": .array(entry.shape.map(JSONValue.int)),
        "dtype": .string(entry.dtype),
        "norm": .double(entry.norm),
      ]
    }
    return [
      "kind": "model", "model_type": .string(modelType),
      "architectures": .array(architectures.map(JSONValue.string)), "parameters": .int(parameters),
      "bytes": .int(bytes), "tensors": .array(entries), "warnings": .array(warnings.map(JSONValue.string)),
    ]
  }
}
