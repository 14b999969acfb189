import JSON
import Torch

/// The ways there are of keeping a weight in few bits, by the names that flags and files give them.
public enum QuantizationFormat: String, CaseIterable, Sendable {
  case nf4, fp4, int8, gptq, awq, float8

  /// Whether scales belong to groups of inputs, and codes are whole numbers.
  public var isGrouped: Bool { self == .gptq || self == .awq }
  var isFourBitCode: Bool { self == .nf4 || self == .fp4 }
}

/// What is to be quantized when a model is loaded, and how.
public struct Quantization: Sendable, Hashable {
  public var format: QuantizationFormat
  /// Elements with one scale, in four bits and in groups; -1 for whole rows.
  public var blockSize: Int
  /// Of whole numbers in groups.
  public var bits: Int
  /// Whether zero has the code in the middle, in groups.
  public var isSymmetric: Bool
  /// Whether scales of `nf4` and `fp4` are kept in 8 bits themselves.
  public var nestsScales: Bool
  /// Whether files say that groups may be out of order, as GPTQ leaves them; rounding to the nearest never does.
  public var ordersByActivation = false
  /// Modules that stay dense, by name, beginning or end of the name; the output embedding does in any case.
  public var skippedModules: [String]

  public static let blockSizes = [32, 64, 128, 256, 512, 1024, 2048, 4096]
  public static let bitCounts = [2, 3, 4, 8]

  /// - Parameters:
  ///   - blockSize: nil for the usual one, 64 or 128.
  ///   - bits: nil for 4.
  ///   - isSymmetric: nil for the usual: yes for `gptq`, no for `awq`.
  /// - Throws: ``QuantizationError`` for a block size or number of bits that there is not.
  public init(
    _ format: QuantizationFormat, blockSize: Int? = nil, bits: Int? = nil, isSymmetric: Bool? = nil,
    nestsScales: Bool = true, skippedModules: [String] = []
  ) throws {
    let blockSize = blockSize ?? (format.isGrouped ? 128 : 64)
    let allowed = (format.isGrouped ? [-1] : []) + Self.blockSizes
    guard allowed.contains(blockSize) else {
      let sizes = allowed.map(String.init).joined(separator: ", ")
      throw QuantizationError("the block size is \(blockSize): must be one of \(sizes)")
    }
    let bits = bits ?? 4
    guard format == .gptq ? Self.bitCounts.contains(bits) : bits == 4 else {
      throw QuantizationError(
        "the number of bits is \(bits): must be \(format == .gptq ? "2, 3, 4 or 8" : "4") for \(format.rawValue)"
      )
    }
    (self.format, self.blockSize, self.nestsScales, self.bits) = (format, blockSize, nestsScales, bits)
    self.isSymmetric = isSymmetric ?? (format != .awq)
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
    case .float8: try Float8Weight(weight, name: name)
    case .gptq, .awq:
      try GroupedWeight(
        weight, name: name, bits: bits, group: blockSize > 0 ? blockSize : nil, isSymmetric: isSymmetric,
        layout: format == .awq ? .awq : .gptq(offset: 1))
    }
  }

  /// Everything that results depend on.
  public var identity: JSONObject {
    var identity: JSONObject = [
      "format": .string(format.rawValue), "block size": .int(blockSize), "nested": .bool(nestsScales),
      "skipped": .array(skippedModules.map(JSONValue.string)),
    ]
    if format.isGrouped { (identity["bits"], identity["symmetric"]) = (.int(bits), .bool(isSymmetric)) }
    return identity
  }
}

/// A weight that cannot be quantized, or a quantized one that makes no sense.
public struct QuantizationError: Error, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
