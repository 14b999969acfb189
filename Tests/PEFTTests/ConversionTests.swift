import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Adapters of other methods, and differences of models, as ordinary LoRAs; intruder dimensions.
struct ConversionTests {
  private static func golden(_ name: String) throws -> [String: Tensor] {
    try SafetensorsFile(path: "\(Golden.folder)/combinations/\(name).safetensors").allTensors()
  }

  /// Shares of energy and fixed ranks of a matrix that is no LoRA's, as PEFT's `convert_to_lora` cuts them.
  @Test(arguments: [
    ("2", Truncation.rank(2)), ("4", .rank(4)), ("0.5", .energy(0.5)), ("0.9", .energy(0.9)),
    ("0.99", .energy(0.99)),
  ])
  func truncationsEqualPEFTs(name: String, truncation: Truncation) throws {
    let golden = try Self.golden("conversions")
    for layer in ["first", "second"] {
      let matrix = try #require(golden["loha.\(layer).delta"])
      let pair = try truncation.factors(of: matrix)
      let rank = try #require(golden["loha.\(name).\(layer).r"]).item(of: Int.self)
      #expect(pair.a.shape[0] == rank && pair.b.shape[1] == rank)
      #expect(try pair.b.mm(pair.a).relativeError(to: #require(golden["loha.\(name).\(layer).delta"])) < 2e-6)
    }
  }

  private typealias Small = AdapterPropertyTests.Small

  @Test(arguments: AdapterPropertyTests.methods)
  func everyMethodBecomesALoRAOfFullRank(method: String) throws {
    let small = try Small()
    var fields: JSONObject = [
      "target_modules": "all-linear", "r": 4, "lora_alpha": 8, "init_r": 4, "target_r": 2,
    ]
    let known = try MethodRegistry.method(named: method).json
    for key in fields.keys where known[key] == nil { fields[key] = nil }
    guard ["lora", "rslora", "dora", "adalora", "edora", "lora-xs", "ia3"].contains(method) else { return }
    try small.model.add(MethodRegistry.method(named: method, fields))
    try small.randomize()
    let x = try Tensor.randn([3, 10], generator: Generator(seed: 1))
    let wanted = try small(x)
    for keeping in [Truncation.rank(12), .energy(1)] {
      let folder = try small.model.ordinaryLoRA(keeping: keeping)
      let text = folder.configuration.json
      #expect(text["peft_type"] == "LORA" && text["use_dora"] == false && text["use_rslora"] == false)
      try small.model.load(folder, named: "plain")
      try small.model.activate(["plain"])
      #expect(try small(x).relativeError(to: wanted) < 1e-4)
      try small.model.delete("plain")
    }
  }

  @Test(arguments: [(0.5, 0.75), (0.8, 0.5), (0.95, 1.0), (0.05, 0.0)])
  func intrudersAreReducedAsPEFTDoes(threshold: Double, factor: Double) throws {
    let given = try Self.golden("given")
    let store = try VariableStore(
      TensorDictionary(
        Dictionary(
          uniqueKeysWithValues: given.compactMap { key, tensor in
            key.hasPrefix("base.") ? (String(key.dropFirst(5)), tensor) : nil
          })))
    _ = try Linear(store.root / "first", in: 8, out: 12, bias: true)
    _ = try Linear(store.root / "second", in: 12, out: 6, bias: true)
    let model = try AdaptedModel(store)
    try model.load(CombinationGoldenTests.adapter("a"))
    let options: JSONObject = [
      "top_k": 5, "threshold_epsilon": .double(threshold), "mitigation_lambda": .double(factor),
    ]
    let (folder, counts) = try model.reducingIntruders(IntruderReduction(options))
    #expect(counts.map(\.layer) == ["first", "second"])
    let golden = try Self.golden("intruders")
    let updates = try folder.updates().updates
    for (update, count) in zip(updates, counts) {
      let wanted = try #require(golden["intruder.\(threshold).\(factor).\(update.layer).delta"])
      #expect(try update.delta().relativeError(to: wanted) < 2e-5)
      #expect(update.rank == 3 && update.scale == 2)
      let before = try #require(
        try CombinationGoldenTests.adapter("a").updates().updates.first { $0.layer == update.layer })
      #expect(try count.count > 0 || update.a.isIdentical(to: before.a))
    }
  }

  private func source(_ tensors: [String: Tensor]) -> TensorDictionary { TensorDictionary(tensors) }

  /// A base, and the base with updates of these ranks in its two layers.
  private func pair(_ ranks: [Int], norm: Double = 0) throws -> (
    base: [String: Tensor], tuned: [String: Tensor]
  ) {
    let generator = try Generator(seed: 7)
    var base: [String: Tensor] = [
      "model.embed_tokens.weight": try .randn([20, 8], generator: generator),
      "model.layers.0.up.weight": try .randn([12, 8], generator: generator),
      "model.layers.0.up.bias": try .randn([12], generator: generator),
      "model.layers.10.down.weight": try .randn([8, 12], generator: generator),
      "model.norm.weight": try .ones([8]),
    ]
    let untouched = base
    for (name, rank) in zip(["model.layers.0.up.weight", "model.layers.10.down.weight"], ranks) {
      let shape = try #require(base[name]).shape
      let update = try Tensor.randn([shape[0], rank], generator: generator).mm(
        .randn([rank, shape[1]], generator: generator))
      base[name] = try #require(base[name]) + update
    }
    if norm > 0 {
      for name in ["model.norm.weight", "model.layers.0.up.bias"] {
        base[name] = try #require(base[name]) + norm
      }
    }
    return (untouched, base)
  }

  @Test func theDifferenceOfTwoModelsIsFound() throws {
    let (base, tuned) = try pair([2, 3])
    let result = try Extraction(base: source(base), tuned: source(tuned), keeping: .energy(0.99999))
    #expect(result.layers.map(\.rank) == [2, 3] && result.others.isEmpty && result.unchanged == 3)
    for update in try result.adapter.updates().updates {
      let weight = "\(update.layer).weight"
      let difference = try #require(tuned[weight]) - #require(base[weight])
      #expect(try update.delta().relativeError(to: difference) < 1e-4)
    }
    let cut = try Extraction(base: source(base), tuned: source(tuned), keeping: .rank(1))
    #expect(cut.layers.allSatisfy { $0.rank == 1 && $0.energy > 0.2 && $0.energy < 1 })
  }

  @Test func theWholeDifferenceCanBeSaved() throws {
    let (base, tuned) = try pair([2, 3], norm: 0.5)
    let plain = try Extraction(base: source(base), tuned: source(tuned), keeping: .rank(3))
    #expect(plain.others.map(\.name) == ["model.layers.0.up.bias", "model.norm.weight"])
    #expect(plain.adapter.configuration.json["modules_to_save"] == .null)
    let whole = try Extraction(base: source(base), tuned: source(tuned), keeping: .rank(3), savesOthers: true)
    let store = try VariableStore(source(base))
    _ = try Embedding(store.root / "model" / "embed_tokens", entries: 20, size: 8)
    _ = try Linear(store.root / "model" / "layers" / 0 / "up", in: 8, out: 12, bias: true)
    _ = try Linear(store.root / "model" / "layers" / 10 / "down", in: 12, out: 8)
    _ = try RMSNorm(store.root / "model" / "norm", size: 8, eps: 1e-5)
    let model = try AdaptedModel(store)
    try model.load(whole.adapter)
    try model.merge()
    for (name, tensor) in try store.stateDict() {
      #expect(try tensor.relativeError(to: #require(tuned[name])) < 1e-5, "\(name)")
    }
  }

  @Test func modelsThatDoNotBelongTogetherAreRefused() throws {
    let (base, tuned) = try pair([1, 1])
    func message(_ first: [String: Tensor], _ second: [String: Tensor]) throws -> String {
      try #require(throws: AdapterError.self) {
        try Extraction(base: source(first), tuned: source(second), keeping: .rank(2))
      }.description
    }
    #expect(try message(base, base).contains("the same"))
    var other = tuned
    other["model.norm.weight"] = nil
    #expect(try message(base, other).contains("only the base has model.norm.weight"))
    other["model.norm.weight"] = try .ones([9])
    #expect(try message(base, other).contains("model.norm.weight is [8] in the base and [9]"))
    other["model.norm.weight"] = try .full([8], .infinity)
    #expect(try message(base, other).contains("not finite"))
    #expect(throws: ConfigurationError.self) {
      try Extraction(base: source(base), tuned: source(tuned), keeping: .energy(0))
    }
  }
}
