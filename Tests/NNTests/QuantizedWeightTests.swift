import Foundation
import JSON
import Safetensors
import Testing
import Torch

@testable import NN

/// Weights in few bits against bitsandbytes, and their products against dense ones.
struct QuantizedWeightTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/quantization/"

  private func golden(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: Self.folder + name + ".safetensors").allTensors()
  }

  @Test(arguments: ["even", "odd", "rest", "zeros", "constant", "many"])
  func codesAndScalesEqualThoseOfBitsandbytes(file: String) throws {
    let golden = try golden(file)
    let original = try #require(golden["original"])
    var compared = 0
    for code in FourBitCode.allCases {
      for (block, isNested) in [(32, false), (32, true), (64, false), (64, true)] {
        let prefix = "\(code.rawValue)-\(block)\(isNested ? "-nested" : "")."
        guard golden[prefix + "weight"] != nil else { continue }
        let weight = try FourBitWeight(original, code: code, blockSize: block, nestsScales: isNested)
        for entry in try weight.entries() {
          let right = try #require(golden[prefix + entry.name], "\(prefix)\(entry.name)")
          #expect(try entry.tensor.isIdentical(to: right), "\(prefix)\(entry.name)")
        }
        for type in [DType.float32, .bfloat16] {
          let key = prefix + (type == .float32 ? "dense" : "dense.bfloat16")
          guard let right = golden[key] else { continue }
          #expect(try weight.dense(type).isIdentical(to: right), "\(key)")
        }
        let plain = try weight.plainRows(0..<original.shape[0])
        #expect(try plain.isIdentical(to: weight.dense(.float32)))
        compared += 1
      }
    }
    #expect(compared >= 4)
  }

  @Test(arguments: ["even", "odd", "rest", "constant", "many"])
  func eightBitsEqualThoseOfBitsandbytes(file: String) throws {
    let golden = try golden(file)
    let weight = try Int8Weight(#require(golden["original"]))
    let (codes, scales) = (try #require(golden["int8.weight"]), try #require(golden["int8.SCB"]))
    #expect(try weight.codes.isIdentical(to: codes) && weight.scales.isIdentical(to: scales))
    let plain = try weight.plainRows(0..<codes.shape[0])
    #expect(try weight.dense(.float32).isIdentical(to: plain))
    if let right = golden["int8.dense"] { #expect(try plain.isIdentical(to: right)) }
  }

  @Test func rowsOfZerosStayZeroInEightBits() throws {
    let weight = try Int8Weight(Tensor.zeros([3, 8]))
    #expect(try weight.dense(.float32).isIdentical(to: Tensor.zeros([3, 8])))
  }

  private static let types: [DType] = [.float32, .bfloat16, .float16]

  private func quantization(_ format: QuantizationFormat) throws -> Quantization {
    try Quantization(format, blockSize: format.isGrouped ? 32 : nil)
  }

  /// Rows cut blocks and bytes in the middle, products are of few rows and of many, and the widest one needs more tiles
  /// than one.
  @Test(arguments: QuantizationFormat.allCases, types)
  func productsEqualThoseOfTheDenseWeight(format: QuantizationFormat, type: DType) throws {
    let generator = try Generator(seed: 3)
    let first = format.isGrouped ? (8, 32, 3) : (5, 7, 3)
    let wide = format == .int8 ? (40, 262144, 5) : (40, 4000, 2)
    for (outputs, inputs, count) in [first, (48, 96, 20), wide] {
      let full = try Tensor.randn([outputs, inputs], generator: generator).to(dtype: type)
      let weight = try quantization(format)(full, name: "a.weight")
      let dense = Parameter(name: "w", tensor: try weight.dense(type))
      let x = try Tensor.randn([2, count, inputs], generator: generator).to(dtype: type)
      let g = try Tensor.randn([2, count, outputs], generator: generator).to(dtype: type)
      let bias = try Tensor.randn([outputs], generator: generator).to(dtype: type)
      let tolerance = type == .float32 ? 1e-5 : 1e-2
      let products = (try weight.product(x, bias: bias), try x.linear(dense.tensor, bias: bias))
      #expect(try products.0.relativeError(to: products.1) < tolerance)
      let gradients = (try weight.transposedProduct(g), try dense.transposedProduct(g))
      #expect(try gradients.0.relativeError(to: gradients.1) < tolerance)
      #expect(gradients.0.shape == [2, count, inputs] && gradients.0.dtype == type)
      let rows = try weight.rows(1..<4, type)
      #expect(try rows.isIdentical(to: dense.tensor.slice(0, 1..<4)))
    }
  }

  /// Rows that the processor's own instructions for bfloat16 take, and rows that they do not.
  @Test(
    arguments: [
      (QuantizationFormat.nf4, 4), (.fp4, 4), (.int8, 4), (.gptq, 2), (.gptq, 3), (.gptq, 4), (.gptq, 8),
      (.awq, 4), (.float8, 4),
    ], [32, 64, 128])
  func rowsInBfloat16AreThoseInFloat32Rounded(kind: (QuantizationFormat, Int), block: Int) throws {
    let (format, bits) = kind
    let generator = try Generator(seed: 6)
    let quantization = try Quantization(
      format, blockSize: block, bits: bits, isSymmetric: format == .gptq ? bits != 4 : nil)
    for (outputs, inputs) in [(32, 128), (32, 1152)] + (format.isGrouped ? [] : [(6, 96), (5, 100)]) {
      let full = try Tensor.randn([outputs, inputs], generator: generator)
      let weight = try quantization(full, name: "a.weight")
      let right = try weight.dense(.float32)
      #expect(try weight.dense(.bfloat16).isIdentical(to: right.to(dtype: .bfloat16)))
      #expect(try weight.plainRows(0..<outputs).isIdentical(to: right))
      for count in [1, 2, 5, 8] {
        let x = try Tensor.randn([count, inputs], generator: generator).to(dtype: .bfloat16)
        let y = try weight.product(x, bias: nil).to(dtype: .float32)
        #expect(try y.relativeError(to: x.to(dtype: .float32).linear(right)) < 6e-3)
      }
    }
  }

  /// Bits a weight in memory, with a scale of 4 bytes and a zero of 2 for every 128.
  @Test(arguments: [2, 3, 4, 8]) func groupsTakeAsManyBitsAsTheySay(bits: Int) throws {
    let full = try Tensor.randn([32, 512], generator: Generator(seed: 1))
    let weight = try Quantization(.gptq, bits: bits)(full, name: "a.weight")
    #expect(weight.byteCount == full.count * bits / 8 + full.count / 128 * 6)
  }

  @Test(arguments: [QuantizationFormat.nf4, .fp4])
  func fourBitsTakeLessThanThreeTenthsOfBfloat16(format: QuantizationFormat) throws {
    let full = try Tensor.randn([64, 512], generator: Generator(seed: 1)).to(dtype: .bfloat16)
    let (nested, plain) = (
      try Quantization(format)(full, name: "a.weight"),
      try Quantization(format, nestsScales: false)(full, name: "a.weight")
    )
    #expect(Double(nested.byteCount) < 0.3 * Double(full.byteCount))
    #expect(Double(plain.byteCount) < 0.3 * Double(full.byteCount))
  }

  // MARK: Checkpoints

  private func stored(_ format: QuantizationFormat) throws -> [String: Tensor] {
    let shape = format.isGrouped ? [8, 32] : [6, 40]
    let full = try Tensor.randn(shape, generator: Generator(seed: 5))
    let entries = try quantization(format)(full, name: "a.weight").entries()
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
  }

  private func load(_ tensors: [String: Tensor], _ stored: StoredQuantization? = nil, in inputs: Int = 40)
    throws -> any WeightStorage
  {
    let store = try VariableStore(TensorDictionary(tensors), stored: stored)
    let layer = try Linear(store.root / "a", in: inputs, out: inputs == 40 ? 6 : 8)
    #expect(store.report.isClean)
    return layer.weight
  }

  @Test(arguments: QuantizationFormat.allCases)
  func aCheckpointLoadsAsItIs(format: QuantizationFormat) throws {
    let tensors = try stored(format)
    let json = JSONValue.object(try quantization(format).json(computing: .float32))
    let loaded = try load(tensors, StoredQuantization(json), in: format.isGrouped ? 32 : 40)
    let weight = try #require(loaded as? any QuantizedWeight)
    #expect(weight.format == format)
    for entry in try weight.entries() {
      #expect(try entry.tensor.isIdentical(to: #require(tensors[entry.name])))
    }
  }

  @Test(arguments: [
    ("a.weight.absmax", [3]), ("a.weight.nested_absmax", [2]), ("a.weight.nested_quant_map", [16]),
    ("a.weight", [7, 1]),
  ])
  func truncatedStatisticsAreNamed(name: String, shape: [Int]) throws {
    var tensors = try stored(.nf4)
    let type = try #require(tensors[name]).dtype
    tensors[name] = try Tensor.zeros(shape, dtype: type)
    let error = #expect(throws: QuantizationError.self) { _ = try load(tensors) }
    #expect(error?.description.hasPrefix("\(name) is \(type)\(shape)") == true)
    tensors[name] = name == "a.weight" ? tensors[name] : nil
    #expect(throws: QuantizationError.self) { _ = try load(tensors) }
  }

  @Test(arguments: [
    "nonsense", "{\"quant_type\": \"nf5\"}", "{\"quant_type\": \"nf4\", \"blocksize\": 0}",
    "{\"quant_type\": \"nf4\", \"blocksize\": 64, \"shape\": [6, 41], \"dtype\": \"float32\"}",
    "{\"quant_type\": \"nf4\", \"blocksize\": 64, \"shape\": [-6, 40], \"dtype\": \"float32\"}",
    "{\"quant_type\": \"nf4\", \"blocksize\": 64, \"shape\": [6, 40], \"dtype\": \"int8\"}",
  ])
  func badStatesAreRefused(state: String) throws {
    var tensors = try stored(.nf4)
    tensors["a.weight.quant_state.bitsandbytes__nf4"] = try Tensor(Array(state.utf8))
    let error = #expect(throws: QuantizationError.self) { _ = try load(tensors) }
    #expect(error?.description.contains("a.weight") == true)
  }

  @Test func bytesWithoutStatisticsAreRefused() throws {
    let tensors = ["a.weight": try Tensor.zeros([120, 1], dtype: .uint8)]
    #expect(throws: QuantizationError.self) { _ = try load(tensors) }
  }

  @Test(arguments: [0, 16, 48, 8192, -2]) func blockSizesThatThereAreNotAreRefused(size: Int) {
    #expect(throws: QuantizationError.self) { _ = try Quantization(.nf4, blockSize: size) }
    #expect(throws: QuantizationError.self) { _ = try Quantization(.gptq, blockSize: size) }
  }
}
