import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// What must hold for every method on every layer that it supports.
struct AdapterPropertyTests {
  static let methods = MethodRegistry.entries.map(\.name).filter { name in
    // Prompts have properties of their own.
    ((try? MethodRegistry.method(named: name)) as? any PromptMethod) == nil
  }
  static let mergeable = methods.filter { $0 != "bottleneck" }

  /// Two linear layers without and with bias.
  struct Small {
    let store: VariableStore
    let first, second: Linear
    let model: AdaptedModel

    init(dtype: DType = .float32, inputs: Int = 10, hidden: Int = 12) throws {
      store = try VariableStore(dtype: dtype, seed: 3)
      first = try Linear(store.root / "first", in: inputs, out: hidden)
      second = try Linear(store.root / "second", in: hidden, out: 9, bias: true)
      model = try AdaptedModel(store, seed: 5)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor { try second(first(x).tanh()) }

    /// Random values in every learned tensor, so that the adapter does something.
    func randomize(_ name: String = "default", seed: UInt64 = 9) throws {
      let generator = try Generator(seed: seed)
      try withoutGradients {
        for parameter in model.parameters(of: name) where parameter.parameter.isLearned {
          let noise = try Tensor.randn(parameter.parameter.tensor.shape, generator: generator) * 0.3
          try parameter.parameter.tensor.add_(noise)
        }
      }
    }
  }

  private func add(_ method: String, to small: Small, named name: String = "default") throws {
    let fields: JSONObject = [
      // Only the second has a bias.
      "target_modules": method == "bitfit" ? ["second"] : "all-linear", "r": 4, "lora_alpha": 8, "init_r": 4,
      "target_r": 2, "token_indices": [3, 1],
    ]
    let known = try MethodRegistry.method(named: method)
    var object = JSONObject()
    for (key, value) in fields where known.json[key] != nil { object[key] = value }
    try small.model.add(MethodRegistry.method(named: method, object), named: name)
  }

  @Test(arguments: methods)
  func aFreshAdapterChangesNothing(method: String) throws {
    let small = try Small()
    let x = try Tensor.randn([3, 10], generator: Generator(seed: 1))
    let before = try small(x)
    try add(method, to: small)
    // EDoRA starts at R of about 1e-5, not at nothing.
    #expect(try small(x).relativeError(to: before) < 2e-4)
    #expect(small.model.trainableCount > 0)
  }

  @Test(arguments: mergeable, [DType.float32, .bfloat16])
  func mergingEqualsApplyingAndUnmergingRestoresTheBits(method: String, dtype: DType) throws {
    let small = try Small(dtype: dtype)
    let x = try Tensor.randn([3, 10], generator: Generator(seed: 1)).to(dtype: dtype)
    let weights = try small.store.layers.map { try $0.weight.dense(dtype).clone() }
    let before = try small(x)
    try add(method, to: small)
    try small.randomize()
    let adapted = try small(x)
    #expect(try adapted.relativeError(to: before) > 0.01)
    for _ in 0..<3 {
      try small.model.merge()
      #expect(try small(x).relativeError(to: adapted) < (dtype == .float32 ? 1e-5 : 3e-2))
      small.model.unmerge()
    }
    for (layer, weight) in zip(small.store.layers, weights) {
      #expect(try layer.weight.dense(dtype).isIdentical(to: weight))
    }
    #expect(try small(x).isIdentical(to: adapted))
    var bare = try small.model.withAdaptersDisabled { try small(x) }
    #expect(try bare.isIdentical(to: before))
    try small.model.merge()
    bare = try small.model.withAdaptersDisabled { try small(x) }
    #expect(try bare.isIdentical(to: before))
    #expect(small.model.isMerged("default"))
    #expect(throws: AdapterError.self) { try small.model.delete("default") }
    small.model.unmerge()
    try small.model.delete("default")
    #expect(try small(x).isIdentical(to: before))
  }

  @Test(arguments: mergeable)
  func sequentialMergesEqualAJointOne(method: String) throws {
    let small = try Small()
    let x = try Tensor.randn([3, 10], generator: Generator(seed: 1))
    try add("lora", to: small, named: "one")
    try add(method, to: small, named: "two")
    try small.randomize("one", seed: 10)
    try small.randomize("two", seed: 11)
    try small.model.activate(["one", "two"])
    let together = try small(x)
    try small.model.merge()
    let joint = try small(x)
    #expect(try joint.relativeError(to: together) < 1e-5)
    small.model.unmerge()
    try small.model.merge(["one"])
    try small.model.merge(["two"])
    #expect(try small(x).isIdentical(to: joint))
  }

  @Test(arguments: methods.filter { !mergeable.contains($0) })
  func whatCannotBeMergedIsRefusedWhole(method: String) throws {
    let small = try Small()
    let x = try Tensor.randn([3, 10], generator: Generator(seed: 1))
    try add(method, to: small)
    try small.randomize()
    let adapted = try small(x)
    let error = try #require(throws: AdapterError.self) { try small.model.merge() }
    #expect(error.description.contains("cannot be merged"))
    #expect(!small.model.isMerged("default"))
    #expect(try small(x).isIdentical(to: adapted))
  }

  @Test(arguments: methods)
  func fusedGradientsEqualThoseOfTheComposition(method: String) throws {
    func gradients(composed: Bool) throws -> [Tensor] {
      let small = try Small()
      try add(method, to: small)
      try small.randomize()
      if composed {
        // An adapter that does nothing below keeps the methods from taking the base product themselves.
        for layer in small.store.layers {
          guard let entry = layer.slot["default"] else { continue }
          layer.slot.insert(Nothing(), named: "nothing", isActive: true)
          layer.slot.insert(entry.adapter, named: "default", isActive: true)
        }
      }
      let x = try Tensor.randn([2, 5, 10], generator: Generator(seed: 2)).requireGrad()
      try small(x).square().sum().backward()
      return try [x.grad].map { try #require($0) }
        + small.model.trainableParameters.map { try #require($0.parameter.tensor.grad) }
    }
    for (fused, composed) in try zip(gradients(composed: false), gradients(composed: true)) {
      #expect(try fused.relativeError(to: composed) < 2e-5)
    }
  }

  /// An adapter that passes everything through.
  private final class Nothing: LayerAdapter {
    let parameters: [AdapterParameter] = []
    func forward(_ x: Tensor, through base: AdapterBase) throws -> Tensor { try base.output(x) }
    func fold(into folding: inout Folding) throws {}
  }

  @Test(arguments: methods)
  func rowsOfZerosGiveNoNaN(method: String) throws {
    let small = try Small()
    try withoutGradients { _ = try small.first.weight.dense(.float32).select(0, 2).zero_() }
    try add(method, to: small)
    let x = try Tensor.randn([3, 10], generator: Generator(seed: 1)).requireGrad()
    let y = try small(x)
    #expect(try y.isFinite().all().item(of: Bool.self))
    try y.sum().backward()
    for parameter in small.model.trainableParameters {
      let gradient = try #require(parameter.parameter.tensor.grad)
      #expect(try gradient.isFinite().all().item(of: Bool.self), "\(parameter.name)")
    }
  }

  @Test func activeTrainableAndMergedAreSeparate() throws {
    let small = try Small()
    try add("lora", to: small, named: "one")
    try add("lora", to: small, named: "two")
    #expect(small.model.active == ["two"])
    let entry = try #require(small.first.slot["one"])
    #expect(entry.isTrainable && !entry.isActive)
    try small.model.setTrainable(false, "one")
    try small.model.activate(["one"])
    #expect(try #require(small.first.slot["one"]).isActive)
    #expect(small.model.trainableParameters.allSatisfy { $0.parameter.tensor.requiresGrad })
    #expect(
      small.model.trainableCount
        == small.model.parameters(of: "two").reduce(0) { $0 + $1.parameter.tensor.count })
    #expect(throws: AdapterError.self) { try small.model.activate(["three"]) }
    #expect(throws: AdapterError.self) { try add("lora", to: small, named: "one") }
  }

  static let misses: [(JSONObject, String)] = [
    (
      ["target_modules": ["frist"]],
      "'frist' (did you mean 'first'?) matches no layer: use names such as first, second"
    ),
    (["target_modules": ".*third"], "'.*third' matches no layer"),
    (["target_modules": ["first"], "exclude_modules": ["first"]], "matches no layer (after exclude_modules"),
  ]

  @Test(arguments: misses)
  func targetsThatMatchNothingAreErrorsWithNearMisses(fields: JSONObject, message: String) throws {
    let small = try Small()
    let error = try #require(throws: AdapterError.self) { try small.model.add(LoRA(fields)) }
    #expect(error.description.contains(message))
    #expect(small.first.slot.entries.isEmpty && small.model.names.isEmpty)
  }

  @Test func aPartialMissIsAWarning() throws {
    let small = try Small()
    let report = try small.model.add(
      LoRA(["target_modules": ["first", "secnd"], "rank_pattern": ["nope": 2]]))
    #expect(report.adapted == ["first"])
    #expect(report.warnings.count == 2)
  }
}
