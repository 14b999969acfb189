import Files
import JSON
import NN

extension ModelConfiguration {
  static let quantizationKey = "quantization_config"

  /// How the weights are quantized already; nil when they are dense.
  ///
  /// - Throws: ``ModelError`` for what is not supported.
  var storedQuantization: StoredQuantization? {
    get throws {
      if let value = raw["quantization"], !value.isNull {
        throw ModelError(
          "quantization (of another program) is not supported, in \(path): use the unquantized model, and quantize "
            + "it here if need be")
      }
      guard let value = raw[Self.quantizationKey], !value.isNull else { return nil }
      do {
        return try StoredQuantization(value)
      } catch let error as QuantizationError {
        throw ModelError("\(error), in \(path)")
      }
    }
  }

  /// - Throws: ``ModelError`` for weights that are quantized in a way that is not read here.
  func refuseQuantization() throws { _ = try storedQuantization }

  /// The same with what older programs keep beside config.json: `quantize_config.json` of GPTQ, `quant_config.json` of
  /// AWQ.
  func withQuantizationBeside(_ folder: String) throws -> ModelConfiguration {
    guard raw[Self.quantizationKey] == nil else { return self }
    for (name, method) in [("quantize_config.json", "gptq"), ("quant_config.json", "awq")] {
      let file = Folder.join(folder, name)
      guard Folder.hasFile(file), var value = try JSONValue.parse(contentsOf: file).objectValue else {
        continue
      }
      if value["quant_method"] == nil { value["quant_method"] = .string(method) }
      var config = self
      config.raw[Self.quantizationKey] = .object(value)
      return config
    }
    return self
  }

  /// - Parameter asked: how the weights are to be quantized when they are loaded.
  /// - Throws: ``ModelError`` when they are quantized already.
  func checkQuantization(asked: Quantization?) throws {
    guard let value = raw[Self.quantizationKey], !value.isNull, asked != nil else { return }
    throw ModelError("the model is quantized already, in \(path): leave --quantize out")
  }
}
