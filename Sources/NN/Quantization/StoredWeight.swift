import Torch

/// A quantized weight of a checkpoint, in the layout of the program that made it.
protocol StoredWeight {
  /// Every tensor that belongs to the weight.
  var names: [String] { get }
  /// - Parameters:
  ///   - own: the weight's name in the model.
  ///   - dtype: that the weight stands for; nil for the one it was made from.
  /// - Throws: ``QuantizationError`` naming the tensor that does not fit.
  func weight(named own: String, shape: [Int], dtype: DType?, device: Device) throws -> any QuantizedWeight
}

/// The name of a tensor beside the weight called `name`.
func siblingName(_ name: String, _ last: String) -> String { String(name.dropLast("weight".count)) + last }

extension TensorSource {
  func has(_ name: String) -> Bool { shape(of: name) != nil }

  /// A tensor that belongs to a quantized weight.
  ///
  /// - Throws: ``QuantizationError`` when it is missing, or of another type or shape.
  func part(_ name: String, _ types: [DType], _ shape: [Int]) throws -> Tensor {
    guard has(name) else {
      throw QuantizationError(
        "there is no \(name), which the quantized weight needs: take all files of the checkpoint")
    }
    let tensor = try tensor(named: name)
    guard types.contains(tensor.dtype), tensor.shape == shape else {
      let wanted = types.map { "\($0)" }.joined(separator: " or ")
      throw QuantizationError(
        "\(name) is \(tensor), where \(wanted)\(shape) belongs: quantize the model again")
    }
    return try tensor.contiguous()
  }
}
