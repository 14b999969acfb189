import JSON
import Torch

/// The ways there are of keeping a weight in few bits, by the names that flags and files give them.
public enum QuantizationFormat: String, CaseIterable, Sendable {
  case nf4, fp4, int8
}

/// What is to be quantized when a model is loaded, and how.
public struct Quantization: Sendable, Hashable {
  public var format: QuantizationFormat
  /// Elements with one scale, in four bits.
  public var blockSize: Int
  /// Whether those scales are kept in 8 bits themselves.
  public var nestsScales: Bool
  /// Modules that stay dense, by name, beginning or end of the name; the output embedding does in any case.
  public var skippedModules: [String]

  public static let blockSizes = [32, 64, 128, 256, 512, 1024, 2048, 4096]

  /// - Throws: ``QuantizationError`` for a block size that there is not.
  public init(
    _ format: QuantizationFormat, blockSize: Int = 64, nestsScales: Bool = true, skippedModules: [String] = []
  ) throws {
    guard Self.blockSizes.contains(blockSize) else {
      let sizes = Self.blockSizes.map(String.init).joined(separator: ", ")
      throw QuantizationError("the block size is \(blockSize): must be one of \(sizes)")
    }
    (self.format, self.blockSize, self.nestsScales) = (format, blockSize, nestsScales)
    self.skippedModules = skippedModules
  }

  /// Whether the linear layer called `module` is quantized.
  func applies(to module: String) -> Bool {
    !(["lm_head"] + skippedModules).contains { name in
      module == name || module.hasPrefix(name + ".") || module.hasSuffix("." + name)
    }
  }

  /// A weight [out, in], kept this way.
  public func callAsFunction(_ weight: Tensor, name: String) throws -> any QuantizedWeight {
    switch format {
    case .nf4, .fp4:
      try FourBitWeight(
        weight, name: name, code: format == .nf4 ? .nf4 : .fp4, blockSize: blockSize, nestsScales: nestsScales
      )
    case .int8: try Int8Weight(weight, name: name)
    }
  }

  /// Everything that results depend on.
  public var identity: JSONObject {
    [
      "format": .string(format.rawValue), "block size": .int(blockSize), "nested": .bool(nestsScales),
      "skipped": .array(skippedModules.map(JSONValue.string)),
    ]
  }

  /// `quantization_config` of config.json, as transformers writes it.
  ///
  /// - Parameter dtype: that products are taken in.
  public func json(computing dtype: DType) -> JSONObject {
    [
      "_load_in_4bit": .bool(format != .int8), "_load_in_8bit": .bool(format == .int8),
      "bnb_4bit_compute_dtype": .string("\(dtype)"), "bnb_4bit_quant_storage": "uint8",
      "bnb_4bit_quant_type": .string(format == .nf4 ? "nf4" : "fp4"),
      "bnb_4bit_use_double_quant": .bool(format != .int8 && nestsScales),
      "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false,
      "llm_int8_skip_modules": .array((["lm_head"] + skippedModules).map(JSONValue.string)),
      "llm_int8_threshold": 6.0, "load_in_4bit": .bool(format != .int8),
      "load_in_8bit": .bool(format == .int8), "quant_method": "bitsandbytes",
    ]
  }
}

/// A weight that cannot be quantized, or a quantized one that makes no sense.
public struct QuantizationError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
