import Foundation
import JSON
import Safetensors
import Testing
import Torch

@testable import NN

/// Weights as GPTQ's, AWQ's and float8 checkpoints store them, against values unpacked by another program.
struct StoredWeightTests {
  private static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Golden/quantization/stored/"

  static let grouped =
    (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted()
    .filter { !$0.hasPrefix("float8") }.map { String($0.dropLast(".safetensors".count)) } ?? []

  private func golden(_ name: String) throws -> [String: Tensor] {
    let file = try SafetensorsFile(path: Self.folder + name + ".safetensors")
    return Dictionary(uniqueKeysWithValues: try file.allTensors().map { ("a.\($0.key)", $0.value) })
  }

  /// What config.json would say of a case, told from its name: METHOD-BITS-GROUP-ORDER-vVERSION.
  private func settings(_ name: String, _ changes: [String: JSONValue] = [:]) throws -> StoredQuantization {
    var numbers = name.replacing("--1", with: "-0").split(separator: "-").compactMap { Int($0) }
    if numbers.last == 0 { numbers[1] = -1 }
    var json: JSONObject = [
      "quant_method": .string(String(name.prefix { $0 != "-" })), "bits": .int(numbers[0]),
      "group_size": .int(numbers[1]), "checkpoint_format": name.hasSuffix("v2") ? "gptq_v2" : "gptq",
      "sym": false,
    ]
    for (key, value) in changes { json[key] = value }
    return try StoredQuantization(.object(json))
  }

  private func load(
    _ tensors: [String: Tensor], _ settings: StoredQuantization?, _ shape: [Int] = [32, 64]
  ) throws -> any QuantizedWeight {
    var tensors = tensors
    tensors["a.dense"] = nil
    let store = try VariableStore(TensorDictionary(tensors), stored: settings)
    let layer = try Linear(store.root / "a", in: shape[1], out: shape[0])
    #expect(store.report.isClean)
    return try #require(layer.weight as? any QuantizedWeight)
  }

  @Test func thereAreCases() { #expect(Self.grouped.count >= 16) }

  @Test(arguments: grouped) func groupedValuesEqualTheReference(name: String) throws {
    let golden = try golden(name)
    let weight = try load(golden, settings(name))
    let dense = try #require(golden["a.dense"])
    #expect(try weight.dense(.float32).isIdentical(to: dense))
    #expect(try weight.dense(.bfloat16).isIdentical(to: dense.to(dtype: .bfloat16)))
    #expect(try weight.rows(3..<7, .float32).isIdentical(to: dense.slice(0, 3..<7)))
    let plain = try weight.plainRows(0..<32)
    #expect(try (weight.order.map { try plain.indexSelect(1, $0.places) } ?? plain).isIdentical(to: dense))
    // What is written is what was read.
    for entry in try weight.entries() {
      #expect(try entry.tensor.isIdentical(to: #require(golden[entry.name])), "\(entry.name)")
    }
  }

  @Test(arguments: grouped, [1, 20]) func groupedProductsEqualThoseOfTheDenseWeight(name: String, count: Int)
    throws
  {
    let golden = try golden(name)
    let weight = try load(golden, settings(name))
    let dense = Parameter(name: "w", tensor: try #require(golden["a.dense"]))
    let x = try Tensor.randn([count, 64], generator: Generator(seed: 1))
    let g = try Tensor.randn([count, 32], generator: Generator(seed: 2))
    let (y, right) = (try weight.product(x, bias: nil), try dense.product(x, bias: nil))
    #expect(try y.relativeError(to: right) < 1e-5)
    let (dx, rightInput) = (try weight.transposedProduct(g), try dense.transposedProduct(g))
    #expect(try dx.relativeError(to: rightInput) < 1e-5)
  }

  /// A weight that lies on the grid already stays as it is; others come within half a step.
  @Test(arguments: grouped) func roundingAgainStaysNear(name: String) throws {
    let golden = try golden(name)
    let weight = try load(golden, settings(name))
    let dense = try #require(golden["a.dense"])
    let again = try weight.requantized(dense)
    let error = try again.dense(.float32).relativeError(to: dense)
    #expect(error < [2: 0.6, 3: 0.3, 4: 0.15, 8: 0.01][(weight as? GroupedWeight)?.bits ?? 4] ?? 0)
    #expect(again.shape == weight.shape && (again.order == nil) == (weight.order == nil))
  }

  /// An update that is the same within every group goes into the zeros, and through a file.
  @Test(arguments: grouped) func zerosTakeWhatGroupsShare(name: String) throws {
    let golden = try golden(name)
    let weight = try #require(load(golden, settings(name)) as? GroupedWeight)
    let dense = try #require(golden["a.dense"])
    let groups = try weight.groupIndex().to(dtype: .int64)
    let shared = try Tensor.randn([32, weight.packed.scales.shape[1]], generator: Generator(seed: 3))
    let update = try shared.indexSelect(1, groups)
    let merged = try weight.absorbing(update)
    #expect(try merged.dense(.float32).relativeError(to: dense + update) < 1e-6)
    let entries = try merged.entries()
    let written = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.tensor) })
    #expect(try #require(written["a.qweight"]).isIdentical(to: #require(golden["a.qweight"])))
    let again = try load(written, settings(name))
    #expect(try again.dense(.float32).isIdentical(to: merged.dense(.float32)))
    let error = #expect(throws: QuantizationError.self) {
      _ = try weight.absorbing(Tensor.randn([32, 64], generator: Generator(seed: 3)))
    }
    #expect(error?.description.contains("a.weight has groups of \(weight.group)") == true)
  }

  @Test(arguments: [
    ("float8-tensor", [24, 40], [24, 40]), ("float8-rows", [24, 40], [1, 40]),
    ("float8-blocks", [24, 40], [8, 16]),
    ("float8-usual", [130, 136], [128, 128]),
  ])
  func float8ValuesEqualTheReference(name: String, shape: [Int], block: [Int]) throws {
    let golden = try golden(name)
    let settings = try StoredQuantization([
      "quant_method": "fp8", "weight_block_size": .array(block.map(JSONValue.int)),
    ])
    let weight = try load(golden, settings, shape)
    let dense = try #require(golden["a.dense"])
    #expect(try weight.dense(.float32).isIdentical(to: dense))
    #expect(try weight.dense(.bfloat16).isIdentical(to: dense.to(dtype: .bfloat16)))
    #expect(try weight.plainRows(2..<5).isIdentical(to: dense.slice(0, 2..<5)))
    for entry in try weight.entries() {
      #expect(try entry.tensor.isIdentical(to: #require(golden[entry.name])), "\(entry.name)")
    }
    #expect(try weight.requantized(dense).dense(.float32).relativeError(to: dense) < 0.05)
    let x = try Tensor.randn([2, shape[1]], generator: Generator(seed: 1))
    #expect(try weight.product(x, bias: nil).relativeError(to: x.linear(dense)) < 1e-5)
  }

  /// Every byte of float8, by the kernel and by libtorch.
  @Test func everyFloat8IsRead() throws {
    let codes = try Tensor((0...255).map { UInt8($0) }, shape: [4, 64]).reinterpreted(as: .float8e4m3)
    let weight = try Float8Weight(
      name: "w", dtype: .float32, codes: codes, scales: .ones([1]), scaleName: "weight_scale", block: [4, 64])
    let (ours, theirs) = (try weight.dense(.float32), try codes.to(dtype: .float32))
    let (bits, right) = (try ours.array(of: Float.self), try theirs.array(of: Float.self))
    for (one, other) in zip(bits, right) { #expect(one == other || one.isNaN && other.isNaN) }
  }

  // MARK: Bad files

  @Test(arguments: [
    ("a.qweight", [16, 32]), ("a.qzeros", [2, 3]), ("a.scales", [3, 32]), ("a.g_idx", [63]),
  ])
  func truncatedGroupsAreNamed(name: String, shape: [Int]) throws {
    var tensors = try golden("gptq-4-32-plain-v1")
    let type = try #require(tensors[name]).dtype
    tensors[name] = try Tensor.zeros(shape, dtype: type)
    let settings = try settings("gptq-4-32-plain-v1")
    let error = #expect(throws: QuantizationError.self) { _ = try load(tensors, settings) }
    #expect(error?.description.contains(name) == true, "\(error?.description ?? "")")
  }

  @Test func typesThatDoNotFitAreNamed() throws {
    var tensors = try golden("gptq-4-32-plain-v1")
    tensors["a.qweight"] = try tensors["a.qweight"]?.to(dtype: .int64)
    let settings = try settings("gptq-4-32-plain-v1")
    let error = #expect(throws: QuantizationError.self) { _ = try load(tensors, settings) }
    #expect(error?.description.contains("a.qweight is int64") == true, "\(error?.description ?? "")")
  }

  @Test func groupsOutOfOrderMustBeWhole() throws {
    var tensors = try golden("gptq-4-32-order-v2")
    tensors["a.g_idx"] = try Tensor.zeros([64], dtype: .int32)
    let settings = try settings("gptq-4-32-order-v2")
    let error = #expect(throws: QuantizationError.self) { _ = try load(tensors, settings) }
    #expect(error?.description.contains("a.g_idx") == true)
  }

  @Test func groupSizesThatDoNotFitAreNamed() throws {
    let settings = try settings("gptq-4-32-plain-v1", ["group_size": 24])
    let error = #expect(throws: QuantizationError.self) {
      _ = try load(golden("gptq-4-32-plain-v1"), settings)
    }
    #expect(error?.description.contains("groups of 24") == true)
    let full = try Tensor.ones([32, 48])
    let rounding = #expect(throws: QuantizationError.self) {
      _ = try Quantization(.gptq, blockSize: 32)(full, name: "b.weight")
    }
    #expect(rounding?.description.contains("b.weight has 48 inputs, which groups of 32") == true)
    #expect(throws: QuantizationError.self) {
      _ = try Quantization(.gptq, blockSize: -1, bits: 3)(full.slice(0, 0..<8), name: "b.weight")
    }
  }

  @Test func packedWordsNeedAConfiguration() throws {
    let error = #expect(throws: QuantizationError.self) { _ = try load(golden("gptq-4-32-plain-v1"), nil) }
    #expect(error?.description.contains("a.qweight") == true)
  }

  @Test func float8NeedsItsScales() throws {
    var tensors = try golden("float8-rows")
    tensors["a.weight_scale"] = nil
    #expect(throws: QuantizationError.self) { _ = try load(tensors, nil, [24, 40]) }
    tensors["a.weight_scale"] = try Tensor.ones([5, 1])
    let error = #expect(throws: QuantizationError.self) { _ = try load(tensors, nil, [24, 40]) }
    #expect(
      error?.description.contains("a.weight_scale is float32[5, 1]") == true, "\(error?.description ?? "")")
  }

  // MARK: Rounding

  @Test(arguments: [2, 3, 4, 8], [true, false]) func roundingIsWithinHalfAStep(bits: Int, isSymmetric: Bool)
    throws
  {
    let full = try Tensor.randn([32, 64], generator: Generator(seed: 7))
    let weight = try Quantization(.gptq, blockSize: 32, bits: bits, isSymmetric: isSymmetric)(
      full, name: "w.weight")
    let grouped = try #require(weight as? GroupedWeight)
    let steps =
      try (weight.dense(.float32) - full).abs().reshaped([32, 2, 32]).amax([2]) / grouped.packed.scales
    // The largest magnitude may be a whole step beyond the codes there are, and zeros are rounded too.
    #expect(try steps.max().item() <= (isSymmetric ? 0.6 : 1.1))
    let zero = try weight.requantized(Tensor.zeros([32, 64])).dense(.float32)
    #expect(try zero.isIdentical(to: Tensor.zeros([32, 64])))
  }

  @Test func whatIsBeyondFloat16IsRefused() throws {
    #expect(throws: QuantizationError.self) {
      _ = try Quantization(.gptq, blockSize: -1)(Tensor.full([8, 32], 1e7), name: "w.weight")
    }
  }
}
