import JSON
import Torch

/// What config.json says of a checkpoint whose weights are quantized already (`quantization_config`).
public struct StoredQuantization: Sendable, Hashable {
  public enum Method: String, CaseIterable, Sendable {
    case bitsandbytes, gptq, awq, fp8
    case fbgemmFP8 = "fbgemm_fp8"
    case compressedTensors = "compressed-tensors"
  }

  public let method: Method
  /// Of codes in groups, where the file says; modules may differ from it (`dynamic`).
  var bits: Int?
  /// Inputs with one scale; nil for all of a row.
  var groupSize: Int?
  var isSymmetric = true
  /// What is taken off a zero before it is stored.
  var zeroOffset = 0
  /// Whether modules differ, so that sizes tell what there is.
  var isMixed = false
  /// Rows and columns with one scale.
  var blockShape: [Int]?

  /// - Throws: ``QuantizationError`` for a method that there is not, and for fields without a meaning, naming them.
  public init(_ json: JSONValue) throws {
    func refuse(_ key: String, _ rule: String) -> QuantizationError {
      QuantizationError("\(key) is \(json[key]?.serialized() ?? "missing"), in quantization_config: \(rule)")
    }
    let name = json["quant_method"]?.stringValue ?? "of another program"
    guard let method = Method(rawValue: name) else {
      let names = Method.allCases.map(\.rawValue).joined(separator: ", ")
      throw QuantizationError(
        "quantization_config (\(name)) is not supported: use the unquantized model, or one by \(names)")
    }
    self.method = method
    func number(_ key: String) throws -> Int? {
      guard let value = json[key], !value.isNull else { return nil }
      guard let number = value.intValue else { throw refuse(key, "must be a whole number") }
      return number
    }
    switch method {
    case .bitsandbytes: break
    case .fbgemmFP8: blockShape = [1, Int.max]
    case .fp8:
      blockShape = json["weight_block_size"]?.arrayValue?.compactMap(\.intValue)
      if let blockShape, blockShape.count != 2 || blockShape.contains(where: { $0 < 1 }) {
        throw refuse("weight_block_size", "must be two sizes")
      }
    case .compressedTensors:
      guard let format = json["format"]?.stringValue, ["float-quantized", "naive-quantized"].contains(format)
      else {
        throw refuse("format", "only float-quantized is supported: use the unquantized model")
      }
    case .gptq, .awq:
      let key = json["bits"] == nil && json["w_bit"] != nil ? "w_bit" : "bits"
      guard let bits = try number(key), (method == .awq ? [4] : [2, 3, 4, 8]).contains(bits) else {
        throw refuse(key, method == .awq ? "must be 4" : "must be 2, 3, 4 or 8")
      }
      let group = json["group_size"] == nil && json["q_group_size"] != nil ? "q_group_size" : "group_size"
      guard let size = try number(group), size > 0 || size == -1 else {
        throw refuse(group, "must be -1 or at least 1")
      }
      (self.bits, groupSize) = (bits, size == -1 ? nil : size)
      isMixed = json["dynamic"]?.objectValue?.isEmpty == false
      isSymmetric = json["sym"]?.boolValue ?? (json["zero_point"]?.boolValue.map(!) ?? (method == .gptq))
      if method == .gptq {
        let key = json["checkpoint_format"] == nil ? "format" : "checkpoint_format"
        switch json[key]?.stringValue?.lowercased() ?? "gptq" {
        case "gptq": zeroOffset = 1
        case "gptq_v2": zeroOffset = 0
        default: throw refuse(key, "must be gptq or gptq_v2: convert the checkpoint to one of them")
        }
      } else {
        let key = json["version"] == nil ? "format" : "version"
        guard ["gemm", nil].contains(json[key]?.stringValue?.lowercased()) else {
          throw refuse(key, "only gemm is supported: convert the checkpoint")
        }
      }
    }
  }

  /// The quantized weight called `name` in a checkpoint; nil when it is dense there.
  ///
  /// - Parameter settings: what config.json says; nil when it says nothing.
  static func weight(
    of name: String, in source: any TensorSource, settings: StoredQuantization?
  ) throws -> (any StoredWeight)? {
    if !source.has(name), source.has(siblingName(name, "qweight")) {
      guard let settings, settings.method == .gptq || settings.method == .awq else {
        throw QuantizationError(
          "\(siblingName(name, "qweight")) is there, and config.json says nothing of gptq or awq: take the "
            + "quantization_config of the model's repository")
      }
      return settings.method == .gptq
        ? GPTQWeight(name: name, source: source, settings: settings)
        : AWQWeight(name: name, source: source, settings: settings)
    }
    if source.has(name), try source.tensor(named: name).dtype == .float8e4m3 {
      return try Float8File(name: name, source: source, settings: settings)
    }
    return try BitsAndBytesWeight(of: name, in: source)
  }
}
