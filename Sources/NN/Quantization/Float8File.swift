import Torch

/// A float8 weight of a checkpoint: `weight` float8_e4m3fn [out, in] and beside it `weight_scale_inv` (blocks, or one
/// for all) or `weight_scale` (one for all, or one for each row). Scales of inputs are read past.
struct Float8File: StoredWeight {
  private let name, scaleName: String
  private let source: any TensorSource
  private let settings: StoredQuantization?

  /// - Throws: ``QuantizationError`` when there are no scales.
  init(name: String, source: any TensorSource, settings: StoredQuantization?) throws {
    let candidates = ["weight_scale_inv", "weight_scale"]
    guard let scaleName = candidates.first(where: { source.has(siblingName(name, $0)) }) else {
      throw QuantizationError(
        "\(name) is float8_e4m3fn, and there is neither \(siblingName(name, candidates[0])) nor "
          + "\(siblingName(name, candidates[1])): take all files of the checkpoint")
    }
    (self.name, self.scaleName, self.source, self.settings) = (name, scaleName, source, settings)
  }

  var names: [String] {
    [name]
      + [scaleName, "activation_scale", "input_scale", "input_scale_ub"].map { siblingName(name, $0) }.filter(
        source.has)
  }

  func weight(named own: String, shape: [Int], dtype: DType?, device: Device) throws -> any QuantizedWeight {
    let full = siblingName(name, scaleName)
    let scales = try source.tensor(named: full).contiguous()
    let types: [DType] = [.float32, .bfloat16, .float16, .float8e8m0]
    guard types.contains(scales.dtype), let block = block(shape, scales.shape) else {
      throw QuantizationError(
        "\(full) is \(scales), which is no scale for all, for rows or for blocks of \(name)\(shape): "
          + "correct weight_block_size in config.json, or quantize the model again")
    }
    return try Float8Weight(
      name: own, dtype: dtype ?? .bfloat16, codes: source.part(name, [.float8e4m3], shape).to(device: device),
      scales: scales.to(device: device), scaleName: scaleName, block: block)
  }

  /// Rows and columns with one scale.
  private func block(_ shape: [Int], _ scales: [Int]) -> [Int]? {
    let count = scales.reduce(1, *)
    if count == 1 { return shape }
    if scales == [shape[0], 1] || scales == [shape[0]] { return [1, shape[1]] }
    let block = settings?.blockShape ?? Float8Weight.blockShape
    let blocks = zip(shape, block).map { ($0 - 1) / $1 + 1 }
    return scales == blocks ? block : nil
  }
}
