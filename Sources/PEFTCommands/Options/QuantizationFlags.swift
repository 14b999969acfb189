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
          .usage, "--block-size, --no-double-quant and --skip-modules belong to --quantize: add it")
      }
      return nil
    }
    return try details.quantization(QuantizationChoice.parse(quantize, flag: "--quantize"))
  }
}

/// What there is to choose beside the format.
struct QuantizationDetails: ParsableArguments {
  @Option(help: "Elements with one scale in four bits: 32, 64, 128, ... 4096 (default: 64).") var blockSize:
    Int?
  @Flag(help: "Keep four bits' scales in float32 and not in 8 bits.") var noDoubleQuant = false
  @Option(help: "Modules that stay dense, besides lm_head and heads: names, separated by commas.")
  var skipModules: String?

  var isUsual: Bool { blockSize == nil && !noDoubleQuant && skipModules == nil }

  func quantization(_ format: QuantizationFormat) throws -> Quantization {
    let skipped = (skipModules ?? "").split(separator: ",").map(String.init)
    do {
      return try Quantization(
        format, blockSize: blockSize ?? 64, nestsScales: !noDoubleQuant, skippedModules: skipped)
    } catch let error as QuantizationError {
      throw Failure(.usage, "--block-size: \(error)")
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
