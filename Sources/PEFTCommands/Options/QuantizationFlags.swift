import ArgumentParser
import NN

/// How the base's linear layers are quantized while they are loaded.
struct QuantizationFlags: ParsableArguments {
  @Option(help: "Keep the base's linear layers in few bits: \(QuantizationChoice.names).") var quantize:
    String?
  @OptionGroup var details: QuantizationDetails

  /// Nil when nothing is asked for.
  ///
  /// - Throws: ``Failure`` for a format that there is not, and details of nothing.
  func value() throws -> Quantization? {
    guard let quantize else {
      guard details.isUsual else {
        throw Failure(
          .usage,
          "--bits, --block-size, --asymmetric, --no-double-quant and --skip-modules belong to --quantize: add it"
        )
      }
      return nil
    }
    return try details.quantization(QuantizationChoice.parse(quantize, flag: "--quantize"))
  }
}

/// What there is to choose beside the format.
struct QuantizationDetails: ParsableArguments {
  @Option(
    name: [.customLong("block-size"), .customLong("group-size")], parsing: .unconditional,
    help: "Elements with one scale: 32, 64, ... 4096 (64 for nf4, fp4), -1 for rows (128 for gptq, awq).")
  var blockSize: Int?
  @Option(help: "Bits of gptq: 2, 3, 4 or 8 (default: 4).") var bits: Int?
  @Flag(help: "Let groups of gptq have a zero of their own.") var asymmetric = false
  @Flag(help: "Keep four bits' scales in float32 and not in 8 bits.") var noDoubleQuant = false
  @Option(help: "Modules that stay dense, besides lm_head and heads: names, separated by commas.")
  var skipModules: String?

  var isUsual: Bool {
    blockSize == nil && bits == nil && !asymmetric && !noDoubleQuant && skipModules == nil
  }

  func quantization(_ format: QuantizationFormat) throws -> Quantization {
    let skipped = (skipModules ?? "").split(separator: ",").map(String.init)
    do {
      return try Quantization(
        format, blockSize: blockSize, bits: bits, isSymmetric: asymmetric ? false : nil,
        nestsScales: !noDoubleQuant, skippedModules: skipped)
    } catch let error as QuantizationError {
      throw Failure(.usage, "\(error.description.contains("bits") ? "--bits" : "--block-size"): \(error)")
    }
  }
}

/// A format as the command line names it.
enum QuantizationChoice {
  static let names = QuantizationFormat.allCases.map(\.rawValue).joined(separator: ", ")

  /// - Throws: ``Failure`` naming the closest format there is.
  static func parse(_ name: String, flag: String) throws -> QuantizationFormat {
    guard let format = QuantizationFormat(rawValue: name) else {
      let hint = Suggestion.hint(name, among: QuantizationFormat.allCases.map(\.rawValue))
      throw Failure(.usage, "\(flag) is '\(name)'\(hint): must be one of \(names)")
    }
    return format
  }
}
