import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// LoRA on attention with fused projections: against Hugging Face PEFT, which counts the update of the output projection
/// twice, and what holds beside it.
struct MultiheadAttentionTests {
  private func adapted(
    keySize: Int? = nil, _ weights: [String: Tensor] = [:]
  ) throws -> (MultiheadAttention, AdaptedModel) {
    let store = try VariableStore(weights.isEmpty ? nil : TensorDictionary(weights), seed: 2)
    let layer = try MultiheadAttention(store.root / "layer", size: 8, heads: 2, keySize: keySize)
    return (layer, try AdaptedModel(store, seed: 5))
  }

  private func randomize(_ model: AdaptedModel) throws {
    let generator = try Generator(seed: 9)
    try withoutGradients {
      for entry in model.parameters() {
        try entry.parameter.tensor.add_(
          Tensor.randn(entry.parameter.tensor.shape, generator: generator) * 0.3)
      }
    }
  }

  @Test func everythingEqualsPEFT() throws {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/layers/lora.attention.safetensors").allTensors()
    let weights = golden.filter { $0.key.hasPrefix("base.") }.map {
      ("layer.\($0.key.dropFirst(5))", $0.value)
    }
    let (layer, model) = try adapted(Dictionary(uniqueKeysWithValues: weights))
    #expect(model.store.report.isClean)
    let state = golden.filter { $0.key.hasPrefix("state.") }.map { (String($0.key.dropFirst(6)), $0.value) }
    let config = try #require(try Golden.json("layers/cases.json")["lora.attention"]?["config"]?.objectValue)
    try model.load(
      AdapterFolder(
        configuration: AdapterConfiguration(config), tensors: Dictionary(uniqueKeysWithValues: state)))
    try model.setTrainable(true)
    let x = try #require(golden["input"]).clone().requireGrad()
    let y = try layer(x)
    #expect(try y.relativeError(to: #require(golden["output"])) < 1e-5)
    try y.backward(golden["upstream"])
    #expect(try #require(x.grad).relativeError(to: #require(golden["gradient.input"])) < 1e-5)
    for entry in model.parameters() {
      let given = try #require(golden["gradient.\(entry.name)"], "\(entry.name)")
      // PEFT counts the output's update twice, but differentiates one of the two alone.
      let expected = entry.name.contains("out_proj") ? try given * 2 : given
      #expect(try #require(entry.parameter.tensor.grad).relativeError(to: expected) < 1e-5, "\(entry.name)")
    }
    try model.merge()
    #expect(try layer(x).relativeError(to: #require(golden["merged.output"])) < 1e-5)
    for (name, tensor) in try model.store.stateDict() {
      let merged = try #require(golden["merged.\(name.dropFirst(6))"], "\(name)")
      #expect(try tensor.relativeError(to: merged) < 1e-5, "\(name)")
    }
  }

  @Test(arguments: [nil, 5])
  func otherInputsAreProjectedAlike(keySize: Int?) throws {
    let (layer, model) = try adapted(keySize: keySize)
    let generator = try Generator(seed: 1)
    let (x, keys) = (
      try Tensor.randn([2, 3, 8], generator: generator),
      try Tensor.randn([2, 4, keySize ?? 8], generator: generator)
    )
    let values = try Tensor.randn([2, 4, 8], generator: generator)
    let fields: JSONObject =
      keySize == nil
      ? ["target_modules": ["layer"]]
      : ["target_parameters": ["q_proj_weight", "k_proj_weight", "v_proj_weight"]]
    try model.add(LoRA(fields))
    try randomize(model)
    let y = try layer(x, key: keys, value: values)
    #expect(y.shape == [2, 3, 8])
    // Rows are independent of one another, and so are queries.
    let one = try layer(x.slice(1, 1..<2), key: keys, value: values)
    #expect(try one.relativeError(to: y.slice(1, 1..<2)) < 1e-5)
    try model.merge()
    #expect(try layer(x, key: keys, value: values).relativeError(to: y) < 1e-5)
  }

  @Test func masksAndCausalityAgree() throws {
    let (layer, _) = try adapted()
    let x = try Tensor.randn([2, 5, 8], generator: Generator(seed: 1))
    let mask = try Tensor.ones([5, 5]).tril().equal(1).reshaped([1, 1, 5, 5])
    #expect(try layer(x, causal: true).relativeError(to: layer(x, mask: mask)) < 1e-5)
    #expect(try layer(x).relativeError(to: layer(x, mask: mask)) > 0.01)
  }

  @Test func unequalWidthsHaveNoFusedProjection() throws {
    let (_, model) = try adapted(keySize: 5)
    let error = try #require(throws: AdapterError.self) { try model.add(LoRA(["target_modules": ["layer"]])) }
    #expect(error.description.contains("matches 'layer', which contains layers and is none"))
  }

  @Test func theOutputAloneKeepsItsOwnName() throws {
    let (_, model) = try adapted()
    try model.add(LoRA(["target_modules": ["out_proj"]]))
    #expect(
      model.parameters().map(\.name) == [
        "base_model.model.layer.out_proj.lora_A.weight", "base_model.model.layer.out_proj.lora_B.weight",
      ])
  }

  /// PEFT would add the update of the output twice.
  @Test func anEDoRAIsNotFoldedIntoWhatReadsDifferently() throws {
    let (_, model) = try adapted()
    try model.add(EDoRA(["target_modules": ["layer"], "r": 2]))
    let error = try #require(throws: AdapterError.self) { try model.folder().foldedEDoRA() }
    #expect(error.description.contains("layer.out_proj belongs to an attention"))
  }

  @Test func headsMustDivideTheWidth() {
    #expect(throws: TorchError.self) {
      try MultiheadAttention(VariableStore().root / "layer", size: 8, heads: 3)
    }
  }

  /// PEFT's adapter, and the attention that it is for.
  private func golden() throws -> (
    tensors: [String: Tensor], adapter: AdapterFolder, base: [String: Tensor]
  ) {
    let golden = try SafetensorsFile(path: "\(Golden.folder)/layers/lora.attention.safetensors").allTensors()
    func part(_ prefix: String, _ new: String) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: golden.filter { $0.key.hasPrefix(prefix) }.map {
          (new + $0.key.dropFirst(prefix.count), $0.value)
        })
    }
    let config = try #require(try Golden.json("layers/cases.json")["lora.attention"]?["config"]?.objectValue)
    let adapter = try AdapterFolder(
      configuration: AdapterConfiguration(config), tensors: part("state.", ""))
    return (golden, adapter, part("base.", "layer."))
  }

  @Test func theFileSaysWhatIsAdded() throws {
    let (golden, adapter, base) = try golden()
    let updates = try adapter.updates().updates
    #expect(updates.map(\.layer) == ["layer", "layer.out_proj"])
    for (update, name) in zip(updates, ["in_proj_weight", "out_proj.weight"]) {
      let merged = try #require(base["layer.\(name)"]) + update.delta()
      #expect(try merged.relativeError(to: #require(golden["merged.\(name)"])) < 1e-5)
    }
  }

  /// Whatever is made of an adapter is in PEFT's place again, and adds the same.
  @Test(arguments: [nil, Combination.Kind.cat, .linear, .svd, .tiesSVD])
  func whatIsMadeOfItAddsTheSame(kind: Combination.Kind?) throws {
    let (golden, adapter, base) = try golden()
    let made: AdapterFolder
    if let kind {
      var options = Combination()
      (options.kind, options.weights) = (kind, [1])
      if kind.factorsAgain { options.rank = 4 }
      if kind.drops { options.density = 1 }
      made = try Combiner(options).combine([AdapterSource(adapter)])
    } else {
      made = try AdapterSource(adapter).ordinaryLoRA(keeping: .energy(1))
    }
    #expect(made.tensors["base_model.model.layer.base_layer.out_proj.lora_A.weight"] != nil)
    #expect(made.configuration.json["target_modules"] == ["layer"])
    let (layer, model) = try adapted(base)
    try model.load(made)
    #expect(try layer(#require(golden["input"])).relativeError(to: #require(golden["output"])) < 1e-5)
    for format in [AdapterFormat.kohya, .diffusers, .loralib] {
      let error = try #require(throws: AdapterError.self) { try PortableAdapter(made, for: format) }
      #expect(error.description.contains("fused projections"))
    }
  }

  @Test(arguments: ["adalora", "lora-xs", "dora", "edora"])
  func otherMethodsBecomeALoRAToo(method: String) throws {
    let (layer, model) = try adapted()
    var fields: JSONObject = ["target_modules": ["layer"], "lora_alpha": 3]
    fields[method == "adalora" ? "init_r" : "r"] = 4
    if method == "adalora" { fields["target_r"] = 2 }
    try model.add(MethodRegistry.method(named: method, fields))
    try randomize(model)
    let x = try Tensor.randn([2, 3, 8], generator: Generator(seed: 1))
    let y = try layer(x)
    let lora = try AdapterSource(model.folder(), deltas: model.deltas()).ordinaryLoRA(keeping: .rank(8))
    try model.delete("default")
    try model.load(lora)
    #expect(try layer(x).relativeError(to: y) < 1e-5)
  }

  /// The attention's rank and alpha are those of its output projection too; a pattern for that alone reaches nothing.
  @Test func patternsForTheAttentionReachItsOutput() throws {
    let (_, model) = try adapted()
    let report = try model.add(
      LoRA([
        "target_modules": ["layer"], "r": 8, "rank_pattern": ["layer": 2, "out_proj": 4],
        "alpha_pattern": ["layer": 6],
      ]))
    let updates = try model.folder().updates().updates
    #expect(updates.map(\.rank) == [2, 2])
    #expect(updates.map(\.scale) == [3, 6])
    #expect(report.warnings == ["rank_pattern or alpha_pattern: 'out_proj' matches no adapted layer"])
  }
}
