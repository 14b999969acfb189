import Configuration
import Files
import JSON
import Torch

/// A model's `config.json`: every key as it is, and typed access that names the key when a value does not do.
public struct ModelConfiguration: Sendable {
  /// The file's contents, with keys in their order.
  public var raw: JSONObject
  /// Where it is from, for messages.
  public let path: String
  /// What `generation_config.json` beside it says.
  public var generation = JSONObject()

  public init(_ raw: JSONObject, path: String = "config.json") { (self.raw, self.path) = (raw, path) }

  /// Reads `config.json` of a model folder, and `generation_config.json` if it is there.
  ///
  /// - Throws: `FileError` when it cannot be read, `JSONError` when it is not JSON, ``ModelError`` when it is no object.
  public init(folder: String) throws {
    let path = Folder.join(folder, "config.json")
    guard let raw = try JSONValue.parse(contentsOf: path).objectValue else {
      throw ModelError("not a JSON object, \(path): take config.json from the model's repository")
    }
    self.init(raw, path: path)
    let generation = Folder.join(folder, "generation_config.json")
    guard Folder.hasFile(generation) else { return }
    self.generation = try JSONValue.parse(contentsOf: generation).objectValue ?? [:]
  }

  /// The language model's part of the configuration of a model that is more than that: `text_config` above the rest.
  public var text: ModelConfiguration {
    guard let own = raw["text_config"]?.objectValue else { return self }
    var text = self
    for (key, value) in own { text.raw[key] = value }
    return text
  }

  /// The family, such as `llama`.
  public var modelType: String {
    get throws { try require("model_type") }
  }

  /// The class names that Hugging Face saved the model from; often one, such as `LlamaForCausalLM`.
  public var architectures: [String] {
    get throws { try value("architectures", default: []) }
  }

  /// The tokens that end a text: of generation_config.json, else of config.json; one or several.
  public var endOfTextIDs: [Int] {
    get throws {
      let key = "eos_token_id"
      guard let json = generation[key] ?? raw[key] ?? text.raw[key], !json.isNull else { return [] }
      guard let ids = json.intValue.map({ [$0] }) ?? [Int](json: json) else {
        throw invalid(key, "must be a token id, or a list of them")
      }
      return ids
    }
  }

  /// The type of the weights, under either of its names.
  public var dtype: DType? {
    get throws {
      for key in ["dtype", "torch_dtype"] {
        guard let name: String = try optional(key), name != "auto" else { continue }
        guard let dtype = DType(named: name) else {
          throw invalid(key, "must be a type such as float32 or bfloat16")
        }
        return dtype
      }
      return nil
    }
  }

  /// The value of a key that must be there.
  public func require<Value: ConfigurationValue>(_ key: String) throws -> Value {
    guard let value: Value = try optional(key) else {
      throw ModelError(
        "\(key) is missing, in \(path): add it, or take config.json from the model's repository")
    }
    return value
  }

  /// The value of a key, `fallback` when it is not there or null.
  public func value<Value: ConfigurationValue>(_ key: String, default fallback: Value) throws -> Value {
    try optional(key) ?? fallback
  }

  /// The value of a key, nil when it is not there or null.
  public func optional<Value: ConfigurationValue>(_ key: String) throws -> Value? {
    guard let json = raw[key], !json.isNull else { return nil }
    guard let value = Value(json: json) else { throw invalid(key, "must be \(Value.kind)") }
    return value
  }

  /// A size that must be there: a whole number from 1 on, small enough that products of two cannot overflow.
  public func size(_ key: String) throws -> Int { try checked(key, require(key)) }
  public func size(_ key: String, default fallback: Int) throws -> Int {
    try checked(key, value(key, default: fallback))
  }

  private func checked(_ key: String, _ size: Int) throws -> Int {
    guard (1...Int(Int32.max)).contains(size) else { throw invalid(key, "must be from 1 to \(Int32.max)") }
    return size
  }

  /// A key whose value does not do.
  ///
  /// - Parameter rule: what must hold, and so how to mend it.
  public func invalid(_ key: String, _ rule: String) -> ModelError {
    let value = raw[key]?.serialized(ascii: false) ?? "missing"
    return ModelError("\(key) is \(value.count > 80 ? value.prefix(80) + "..." : value), in \(path): \(rule)")
  }
}
