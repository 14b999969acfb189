import JSON
import Torch

/// A quantized weight in a checkpoint, in the layout of bitsandbytes.
///
/// Four bits: `NAME` uint8 [bytes, 1], `NAME.absmax` and, when scales are nested, `NAME.nested_absmax` and
/// `NAME.nested_quant_map`; `NAME.quant_state.bitsandbytes__nf4` (or fp4) holds the rest as JSON in bytes. Eight bits:
/// `NAME` int8 [out, in], and `SCB`, the scales of its rows, beside it.
struct BitsAndBytesWeight: StoredWeight {
  /// Every tensor that belongs to the weight.
  let names: [String]
  private let name: String
  private let source: any TensorSource
  private let code: FourBitCode?

  static func stateName(_ name: String, _ code: FourBitCode) -> String {
    "\(name).quant_state.bitsandbytes__\(code.rawValue)"
  }

  static func scalesName(_ name: String) -> String { siblingName(name, "SCB") }
  static func formatName(_ name: String) -> String { siblingName(name, "weight_format") }

  /// Nil when the weight called `name` is not quantized there.
  init?(of name: String, in source: any TensorSource) throws {
    guard source.shape(of: name) != nil else { return nil }
    (self.name, self.source) = (name, source)
    code = FourBitCode.allCases.first { source.shape(of: Self.stateName(name, $0)) != nil }
    if let code {
      let parts = ["absmax", "quant_map", "nested_absmax", "nested_quant_map"].map { "\(name).\($0)" }
      names = ([name, Self.stateName(name, code)] + parts).filter { source.shape(of: $0) != nil }
      return
    }
    let scales = Self.scalesName(name)
    guard source.shape(of: scales) != nil else {
      let type = try source.tensor(named: name).dtype
      guard type == .uint8 || type == .int8 else { return nil }
      throw QuantizationError(
        "\(name) is \(type), and there is neither \(scales) nor \(name).quant_state.bitsandbytes__nf4 or fp4: "
          + "take all files of the checkpoint, or one of another quantization")
    }
    names = [name, scales, Self.formatName(name)]
  }

  /// - Parameters:
  ///   - own: the weight's name in the model.
  ///   - dtype: that the weight stands for; nil for the one it was made from.
  /// - Throws: ``QuantizationError`` naming the tensor that does not fit.
  func weight(named own: String, shape: [Int], dtype: DType?, device: Device) throws -> any QuantizedWeight {
    guard let code else {
      let codes = try tensor(name, .int8, shape)
      let scales = try tensor(Self.scalesName(name), .float32, [shape[0]])
      return Int8Weight(
        name: own, dtype: dtype ?? .float16, codes: try codes.to(device: device),
        scales: try scales.to(device: device))
    }
    return try fourBits(code, own, shape: shape, dtype: dtype, device: device)
  }

  private func fourBits(
    _ code: FourBitCode, _ own: String, shape: [Int], dtype: DType?, device: Device
  ) throws -> FourBitWeight {
    let state = try State(code, of: name, bytes: source.tensor(named: Self.stateName(name, code)))
    guard state.shape == shape else {
      throw QuantizationError("\(name) is \(state.shape), the model needs \(shape)")
    }
    let count = shape.reduce(1, *)
    let codes = try tensor(name, .uint8, [(count + 1) / 2, 1]).to(device: device)
    let scaleCount = (count + state.blockSize - 1) / state.blockSize
    var nested: NestedScales?
    if let inner = state.nested {
      let blocks = (scaleCount + inner.blockSize - 1) / inner.blockSize
      nested = try NestedScales(
        values: tensor("\(name).nested_quant_map", .float32, [256]).to(device: device),
        scales: tensor("\(name).nested_absmax", .float32, [blocks]).to(device: device),
        blockSize: inner.blockSize, offset: inner.offset)
    }
    let scales = try tensor("\(name).absmax", nested == nil ? .float32 : .uint8, [scaleCount])
    let packed = try PackedWeight(
      rows: shape[0], columns: shape[1],
      layout: .lookup(values: Tensor(code.values).to(device: device), block: state.blockSize, nested: nested),
      codes: codes, scales: scales.to(device: device))
    return FourBitWeight(name: own, dtype: dtype ?? state.dtype, code: code, packed: packed)
  }

  private func tensor(_ name: String, _ dtype: DType, _ shape: [Int]) throws -> Tensor {
    try source.part(name, [dtype], shape)
  }
}

extension BitsAndBytesWeight {
  /// What bitsandbytes writes as JSON.
  struct State {
    let shape: [Int]
    let dtype: DType
    let blockSize: Int
    var nested: (blockSize: Int, offset: Float)?

    init(_ code: FourBitCode, of name: String, bytes: Tensor) throws {
      func invalid(_ key: String, _ value: JSONValue?, _ rule: String) -> QuantizationError {
        QuantizationError(
          "\(key) is \(value?.serialized() ?? "missing"), in the quant_state of \(name): \(rule)")
      }
      guard bytes.dtype == .uint8, bytes.rank == 1,
        let json = try? JSONValue.parse(bytes.array(of: UInt8.self)).objectValue
      else {
        throw QuantizationError("the quant_state of \(name) is no JSON object: quantize the model again")
      }
      func positive(_ key: String) throws -> Int {
        guard let value = json[key]?.intValue, (2...65536).contains(value), value % 2 == 0 else {
          throw invalid(key, json[key], "must be an even number from 2 to 65536")
        }
        return value
      }
      guard json["quant_type"]?.stringValue == code.rawValue else {
        throw invalid("quant_type", json["quant_type"], "must be '\(code.rawValue)', as its name says")
      }
      blockSize = try positive("blocksize")
      let sizes = json["shape"]?.arrayValue?.compactMap(\.intValue) ?? []
      guard sizes.count == 2, sizes.allSatisfy({ (1...Int(Int32.max)).contains($0) }) else {
        throw invalid("shape", json["shape"], "must be two sizes")
      }
      shape = sizes
      guard let type = json["dtype"]?.stringValue.flatMap(DType.init(named:)), type.isFloatingPoint else {
        throw invalid("dtype", json["dtype"], "must be a type such as float32 or bfloat16")
      }
      dtype = type
      guard json["nested_offset"] != nil || json["nested_blocksize"] != nil else { return }
      guard let offset = json["nested_offset"]?.doubleValue, offset.isFinite else {
        throw invalid("nested_offset", json["nested_offset"], "must be a finite number")
      }
      nested = (try positive("nested_blocksize"), Float(offset))
    }
  }
}
