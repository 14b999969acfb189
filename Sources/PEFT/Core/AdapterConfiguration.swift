import Configuration
import JSON

/// A whole `adapter_config.json`: the method, what every method shares, and what is not understood, kept.
public struct AdapterConfiguration: Sendable {
  public var method: any AdapterMethod
  public var shared: Shared
  /// The file that it was read from; keys without a field are written back as they were.
  private let original: JSONObject

  /// Fields of every method.
  public struct Shared: Configuration {
    public var baseModel: String?
    public var revision: String?
    public var taskType: String?
    public var autoMapping: JSONValue = .null
    public var inferenceMode = true
    /// The version of Hugging Face PEFT whose format this is.
    public var peftVersion: String? = "0.21.2"

    public init() {}

    public static let fields: [Field<Shared>] = [
      Field("auto_mapping", \.autoMapping, "the classes of the base, for models without a task"),
      Field("base_model_name_or_path", \.baseModel, "the base model's folder or hub id"),
      Field("inference_mode", \.inferenceMode, "whether the adapter is loaded frozen"),
      Field("peft_version", \.peftVersion, "the version of the format"),
      Field("revision", \.revision, "the base model's revision"),
      Field(
        "task_type", \.taskType,
        "CAUSAL_LM, SEQ_CLS, TOKEN_CLS, SEQ_2_SEQ_LM, QUESTION_ANS or FEATURE_EXTRACTION"),
    ]
  }

  public init(_ method: any AdapterMethod) {
    self.method = method
    shared = Shared()
    original = JSONObject()
  }

  /// Reads what adapter_config.json holds.
  ///
  /// - Throws: ``ConfigurationError`` for a missing or unknown `peft_type`, and for wrong values.
  public init(_ object: JSONObject) throws {
    let type = object["peft_type"]
    guard let name = type?.stringValue else {
      throw ConfigurationError(
        "peft_type", value: type?.serialized() ?? "missing", rule: "must name the method")
    }
    method = try MethodRegistry.method(peftType: name, object)
    shared = try Shared(object)
    original = object
  }

  /// Keys that no field reads; they are kept.
  public var unknownKeys: [String] {
    let known = Set(Self.keys(of: method) + Shared.fields.map(\.key) + ["peft_type", "runtime_config"])
    return original.keys.filter { !known.contains($0) }
  }

  /// Keys of our own that have their defaults.
  private static func unwrittenKeys<Method: AdapterMethod>(of method: Method) -> [String] {
    let (defaults, values) = (Method().json, method.json)
    return Method.ownKeys.filter { defaults[$0] == values[$0] }
  }

  private static func keys<Method: AdapterMethod>(of method: Method) -> [String] { Method.fields.map(\.key) }

  /// The file as Hugging Face PEFT writes it: sorted keys, two spaces.
  ///
  /// A value that has not changed since it was read keeps its spelling.
  public var json: JSONObject {
    var object = original
    var current = method.json
    for (key, value) in shared.json { current[key] = value }
    current["peft_type"] = .string(type(of: method).peftType)
    for (key, value) in current {
      if let old = original[key], Self.isSame(old, value) { continue }
      object[key] = value
    }
    object["runtime_config"] = nil
    for key in Self.unwrittenKeys(of: method) where original[key] == nil { object[key] = nil }
    return object
  }

  /// Whether two values are equal but for the spelling of numbers and the order of name lists.
  private static func isSame(_ old: JSONValue, _ new: JSONValue) -> Bool {
    switch (old, new) {
    case (.number(let left), .number(let right)): left.doubleValue == right.doubleValue
    case (.array(let left), .array(let right)):
      left == right
        || left.compactMap(\.stringValue).sorted() == right.compactMap(\.stringValue).sorted()
          && left.count == right.count && left.allSatisfy { $0.stringValue != nil }
    case (_, .array(let elements)) where elements.count == 1: old == elements[0]
    default: old == new
    }
  }

  public var text: String { JSONValue.object(json).serialized(indent: 2, sortedKeys: true) }
}
