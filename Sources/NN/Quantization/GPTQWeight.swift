import Torch

/// A weight as GPTQ's programs store it, beside one another: `qweight` int32 [in * bits / 32, out], a stream of codes
/// down each column; `qzeros` int32 [groups, out * bits / 32], a stream along each row; `scales` [groups, out]; and
/// `g_idx` int32 [in], the group of each input, which is out of order after quantizing by activations (`desc_act`).
struct GPTQWeight: StoredWeight {
  let name: String
  let source: any TensorSource
  let settings: StoredQuantization

  private func part(_ last: String) -> String { siblingName(name, last) }

  var names: [String] { ["qweight", "qzeros", "scales", "g_idx"].map(part).filter(source.has) }

  func weight(named own: String, shape: [Int], dtype: DType?, device: Device) throws -> any QuantizedWeight {
    let (outputs, inputs) = (shape[0], shape[1])
    let bits = try bits(inputs)
    let words = try source.part(part("qweight"), [.int32], [inputs * bits / 32, outputs])
    let groups = try GroupSizes(
      source, scales: part("scales"), inputs: inputs,
      expected: settings.isMixed ? nil : settings.groupSize ?? inputs)
    let scales = try source.part(part("scales"), GroupSizes.scaleTypes, [groups.count, outputs])
    let codes = GroupedCodes(
      bits: bits, group: groups.size, codes: try BitStream.unpack(words.t(), bits: bits).to(device: device),
      scales: try scales.t().to(dtype: .float32, device: device).contiguous(),
      zeros: try zeros(groups.count, outputs, bits).t().to(device: device).contiguous(),
      scaleType: scales.dtype)
    return try GroupedWeight(
      name: own, dtype: dtype ?? .float16, codes: codes,
      groups: groupIndex(inputs, groups).map { try $0.to(device: device) },
      layout: .gptq(offset: settings.zeroOffset), isSymmetric: settings.isSymmetric)
  }

  /// Modules may differ from what config.json says; then the sizes tell.
  private func bits(_ inputs: Int) throws -> Int {
    let said = settings.bits ?? 4
    guard settings.isMixed, let rows = source.shape(of: part("qweight"))?.first, rows * 32 % inputs == 0
    else {
      return said
    }
    let found = rows * 32 / inputs
    return [2, 3, 4, 8].contains(found) ? found : said
  }

  private func zeros(_ groups: Int, _ outputs: Int, _ bits: Int) throws -> Tensor {
    let name = part("qzeros")
    // QA-LoRA's merged zeros are real numbers, as they are.
    if source.has(name), try source.tensor(named: name).dtype.isFloatingPoint {
      return try source.part(name, GroupSizes.scaleTypes, [groups, outputs]).to(dtype: .float32)
    }
    let words = try source.part(name, [.int32], [groups, outputs * bits / 32])
    return try (BitStream.unpack(words, bits: bits).to(dtype: .int16) + Double(settings.zeroOffset)).to(
      dtype: .int16)
  }

  /// Nil where inputs are in groups one after the other.
  private func groupIndex(_ inputs: Int, _ groups: GroupSizes) throws -> Tensor? {
    let name = part("g_idx")
    guard source.has(name) else { return nil }
    let index = try source.part(name, [.int32, .int64], [inputs]).to(dtype: .int32)
    let usual = try Tensor.arange(0, inputs).floorDivided(groups.size).to(dtype: .int32)
    guard try !index.isIdentical(to: usual) else { return nil }
    // Every group has its place among the scales, and so many inputs.
    guard try index.sorted().values.isIdentical(to: usual) else {
      throw QuantizationError(
        "\(name) has not \(groups.size) inputs in each of \(groups.count) groups: quantize the model again")
    }
    return index
  }
}

/// How many groups there are, and of how many inputs.
struct GroupSizes {
  let count, size: Int

  static let scaleTypes: [DType] = [.float16, .bfloat16, .float32]

  /// - Parameter expected: the size that config.json says; nil where modules differ.
  init(_ source: any TensorSource, scales name: String, inputs: Int, expected: Int?) throws {
    guard let shape = source.shape(of: name), shape.count == 2, shape[0] > 0 else {
      throw QuantizationError(
        "there is no \(name) [groups, outputs], which the quantized weight needs: take all files of the checkpoint"
      )
    }
    count = shape[0]
    size = expected ?? (inputs + count - 1) / count
    guard (inputs + size - 1) / size == count else {
      throw QuantizationError(
        "\(name) has \(count) groups, and \(inputs) inputs in groups of \(size) are \((inputs + size - 1) / size): "
          + "correct group_size in config.json, or quantize the model again")
    }
  }
}
