import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// LoftQ's factors and rounded weights as PEFT and bitsandbytes make them (see `Tests/Golden/make_loftq.py`), on dense
/// bases and on those that are kept in few bits.
struct LoftQGoldenTests {
  private let golden: [String: Tensor]

  init() throws {
    golden = try SafetensorsFile(path: "\(Golden.folder)/quantization/loftq.safetensors").allTensors()
  }

  private struct Base {
    let store: VariableStore
    let layer: Linear
    let model: AdaptedModel

    init(_ source: any TensorSource, _ quantization: Quantization? = nil) throws {
      store = try VariableStore(source, quantization: quantization)
      layer = try Linear(store.root / "layer", in: 64, out: 48)
      model = try AdaptedModel(store, seed: 5)
    }

    var factors: LoRAFactors {
      get throws { try #require(layer.slot["default"]?.adapter as? LoRALinear).factors }
    }

    /// What the layer computes with below the factors.
    var rounded: Tensor { get throws { try (factors.replacement ?? layer.weight).dense(.float32) } }
  }

  private func loftQ(_ iterations: Int, bits: Int = 4) throws -> LoRA {
    // A scale of one: the reference ignores it.
    try LoRA([
      "target_modules": ["layer"], "r": 6, "lora_alpha": 6, "init_lora_weights": "loftq",
      "loftq_config": ["loftq_bits": .int(bits), "loftq_iter": .int(iterations)],
    ])
  }

  private func original() throws -> TensorDictionary {
    TensorDictionary(["layer.weight": try #require(golden["weight"])])
  }

  /// A checkpoint as bitsandbytes writes it.
  private func stored(nestsScales: Bool) throws -> TensorDictionary {
    let quantization = try Quantization(.nf4, nestsScales: nestsScales)
    let weight = try quantization(#require(golden["weight"]), name: "layer.weight")
    return TensorDictionary(
      Dictionary(uniqueKeysWithValues: try weight.entries().map { ($0.name, $0.tensor) }))
  }

  private func check(_ base: Base, _ name: String) throws {
    let wanted = try #require(golden["\(name).B"]).mm(#require(golden["\(name).A"]))
    #expect(try base.rounded.relativeError(to: #require(golden["\(name).rounded"])) < 1e-6)
    let (a, b) = try (base.factors.a.tensor, base.factors.b.tensor)
    #expect(try b.detached().mm(a.detached()).relativeError(to: wanted) < 1e-4)
  }

  @Test(arguments: [1, 5])
  func aDenseBase(iterations: Int) throws {
    let base = try Base(original())
    try base.model.add(loftQ(iterations))
    try check(base, "nf4-\(iterations)")
  }

  /// Rounded while it is loaded, and again in every turn.
  @Test(arguments: [1, 5])
  func aBaseInFourBits(iterations: Int) throws {
    let base = try Base(original(), Quantization(.nf4, nestsScales: false))
    try base.model.add(loftQ(iterations))
    try check(base, "nf4-\(iterations)")
    // One turn needs nothing beside the base's own weight.
    #expect(try (base.factors.replacement == nil) == (iterations == 1))
    let x = try Tensor.randn([3, 64], generator: Generator(seed: 1))
    let right = try x.linear(#require(golden["weight"]))
    let y = try base.layer(x)
    let plain = try base.model.withAdaptersDisabled { try base.layer(x) }
    #expect(try y.relativeError(to: right) < 0.9 * plain.relativeError(to: right))
    // Loaded on the same base, the same.
    let saved = try base.model.folder()
    let other = try Base(original(), Quantization(.nf4, nestsScales: false))
    try other.model.load(saved)
    #expect(try other.layer(x).relativeError(to: y) < 1e-6)
    try other.model.merge()
    #expect(try other.layer.weight.dense(.float32).shape == [48, 64])
  }

  @Test(arguments: [false, true])
  func aBaseThatWasRoundedBefore(nestsScales: Bool) throws {
    let base = try Base(stored(nestsScales: nestsScales))
    let error = try #require(throws: AdapterError.self) { try base.model.add(loftQ(1)) }
    #expect(error.description.contains("--originals"))
    base.store.originals = try original()
    try base.model.add(loftQ(1))
    try check(base, nestsScales ? "repair-nested" : "repair")
    // The factors are all that is needed beside it.
    let x = try Tensor.randn([3, 64], generator: Generator(seed: 1))
    let other = try Base(stored(nestsScales: nestsScales))
    try other.model.load(base.model.folder())
    #expect(try other.layer(x).isIdentical(to: base.layer(x)))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let base = try Base(stored(nestsScales: true))
    base.store.originals = TensorDictionary(["layer.weight": try .zeros([2, 2])])
    #expect(throws: TorchError.self) { try base.model.add(loftQ(1)) }
    base.store.originals = try original()
    let error = try #require(throws: AdapterError.self) { try base.model.add(loftQ(1, bits: 8)) }
    #expect(error.description.contains("loftq_bits is 8, and the weight of layer is kept in nf4"))
    // Several turns have changed the base's weight, which only what it was can tell again.
    try base.model.add(loftQ(3))
    let other = try Base(stored(nestsScales: true))
    #expect(throws: AdapterError.self) { try other.model.load(base.model.folder()) }
    #expect(other.layer.adapters.isEmpty)
  }
}
