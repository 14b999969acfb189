import Torch

/// A weight as AWQ's programs store it for their `gemm` kernels: `qweight` int32 [in, out / 8] and `qzeros` int32
/// [groups, out / 8], in which a word's eight halves of bytes are outputs 0, 2, 4, 6, 1, 3, 5, 7; `scales` [groups, out].
struct AWQWeight: StoredWeight {
  let name: String
  let source: any TensorSource
  let settings: StoredQuantization

  private static let order = [0, 2, 4, 6, 1, 3, 5, 7]

  private func part(_ last: String) -> String { siblingName(name, last) }

  var names: [String] { ["qweight", "qzeros", "scales"].map(part).filter(source.has) }

  func weight(named own: String, shape: [Int], dtype: DType?, device: Device) throws -> any QuantizedWeight {
    let (outputs, inputs) = (shape[0], shape[1])
    guard outputs % 8 == 0 else {
      throw QuantizationError("\(part("qweight")) would have \(outputs) outputs: must be a multiple of 8")
    }
    let words = try source.part(part("qweight"), [.int32], [inputs, outputs / 8])
    let groups = try GroupSizes(
      source, scales: part("scales"), inputs: inputs, expected: settings.groupSize ?? inputs)
    let scales = try source.part(part("scales"), GroupSizes.scaleTypes, [groups.count, outputs])
    let codes = GroupedCodes(
      bits: 4, group: groups.size, codes: try Self.unpack(words).t().to(device: device),
      scales: try scales.t().to(dtype: .float32, device: device).contiguous(),
      zeros: try zeros(groups.count, outputs).t().to(device: device).contiguous(),
      scaleType: scales.dtype)
    return try GroupedWeight(
      name: own, dtype: dtype ?? .float16, codes: codes, layout: .awq, isSymmetric: settings.isSymmetric)
  }

  private func zeros(_ groups: Int, _ outputs: Int) throws -> Tensor {
    let name = part("qzeros")
    if source.has(name), try source.tensor(named: name).dtype.isFloatingPoint {
      return try source.part(name, GroupSizes.scaleTypes, [groups, outputs]).to(dtype: .float32)
    }
    return try Self.unpack(source.part(name, [.int32], [groups, outputs / 8])).to(dtype: .int16)
  }

  /// Codes uint8 [rows, words * 8].
  private static func unpack(_ words: Tensor) throws -> Tensor {
    let places = order.indices.map { order.firstIndex(of: $0) ?? 0 }
    let codes = try BitStream.unpack(words, bits: 4).reshaped([words.shape[0], -1, 8])
    return try codes.indexSelect(2, Tensor(places)).reshaped([words.shape[0], -1])
  }

  static func pack(_ codes: Tensor) throws -> Tensor {
    let mixed = try codes.reshaped([codes.shape[0], -1, 8]).indexSelect(
      2, Tensor(order).to(device: codes.device))
    return try BitStream.pack(mixed.reshaped([codes.shape[0], -1]), bits: 4)
  }
}
