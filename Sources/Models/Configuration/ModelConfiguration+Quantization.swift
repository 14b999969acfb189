import JSON
import NN

extension ModelConfiguration {
  static let quantizationKey = "quantization_config"

  /// - Parameter asked: how the weights are to be quantized when they are loaded.
  /// - Throws: ``ModelError`` when they are quantized already.
  func checkQuantization(asked: Quantization?) throws {
    guard let value = raw[Self.quantizationKey], !value.isNull, asked != nil else { return }
    throw ModelError("the model is quantized already, in \(path): leave --quantize out")
  }
}
