import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// What must hold of combinations, and where PEFT's are wrong: the scales of rsLoRA and of patterns, DoRA, geometry.
struct CombinationTests {
  private typealias Small = AdapterPropertyTests.Small

  /// A model with adapters `one`, `two`, ... of these fields and random values, all active.
  private func model(_ fields: [JSONObject]) throws -> Small {
    let small = try Small()
    for (index, var object) in fields.enumerated() {
      object["target_modules"] = object["target_modules"] ?? "all-linear"
      let name = ["one", "two", "three"][index]
      try small.model.add(LoRA(object), named: name)
      try small.randomize(name, seed: UInt64(index + 20))
    }
    return small
  }

  private func change(_ small: Small, _ names: [String]) throws -> [Tensor] {
    try small.store.layers.map { layer in
      let folding = try layer.folding(of: names)
      return try folding.weight - folding.untouched
    }
  }

  static let alone: [JSONObject] = [
    ["r": 4, "lora_alpha": 6], ["r": 4, "lora_alpha": 6, "use_rslora": true],
    ["r": 4, "lora_alpha": 6, "rank_pattern": ["first": 2], "alpha_pattern": ["second": 3]],
    ["r": 4, "lora_alpha": 6, "use_rslora": true, "rank_pattern": ["first": 2]],
  ]

  @Test(arguments: alone, ["linear", "cat", "svd"])
  func oneAdapterOfWeightOneStaysItself(fields: JSONObject, kind: String) throws {
    let small = try model([fields])
    try small.model.combine(
      ["one"], Combination(["combination": .string(kind), "weights": [1]]), named: "whole")
    for (found, wanted) in try zip(change(small, ["whole"]), change(small, ["one"])) {
      #expect(try found.relativeError(to: wanted) < 1e-5)
    }
  }

  @Test(arguments: ["cat", "svd"])
  func exactKindsAreTheWeightedSum(kind: String) throws {
    let small = try model([
      ["r": 2, "lora_alpha": 6], ["r": 3, "lora_alpha": 5, "use_rslora": true],
      ["r": 4, "lora_alpha": 1, "target_modules": ["second"]],
    ])
    var fields: JSONObject = ["combination": .string(kind), "weights": [0.5, -1.5, 2]]
    if kind == "svd" { fields["rank"] = 9 }
    try small.model.combine(["one", "two", "three"], Combination(fields), named: "sum")
    let parts = try ["one", "two", "three"].map { try change(small, [$0]) }
    for (index, found) in try change(small, ["sum"]).enumerated() {
      let wanted = try parts[0][index] * 0.5 - parts[1][index] * 1.5 + parts[2][index] * 2
      #expect(try found.relativeError(to: wanted) < 1e-5)
    }
    #expect(small.model.active == ["three"])
  }

  @Test func doRACombinesByWhatItAddsToTheBase() throws {
    let small = try model([["r": 2, "use_dora": true], ["r": 3]])
    let wanted = try zip(change(small, ["one"]), change(small, ["two"])).map { try $0 * 0.5 + $1 * 0.25 }
    try small.model.combine(
      ["one", "two"], Combination(["combination": "svd", "rank": 12, "weights": [0.5, 0.25]]), named: "sum")
    for (found, wanted) in zip(try change(small, ["sum"]), wanted) {
      #expect(try found.relativeError(to: wanted) < 1e-5)
    }
    #expect(throws: AdapterError.self) {
      try small.model.combine(["one", "two"], Combination(["combination": "linear"]), named: "other")
    }
    #expect(small.model.names == ["one", "two", "sum"])
    let folder = try small.model.folder(of: "one")
    let error = try #require(throws: AdapterError.self) { try folder.updates() }
    #expect(error.description.contains("give the base with --model"))
  }

  @Test func sumsOfFactorsNeedOneRank() throws {
    let small = try model([["r": 2], ["r": 3]])
    let error = try #require(throws: AdapterError.self) {
      try small.model.combine(["one", "two"], Combination(["combination": "linear"]), named: "sum")
    }
    #expect(error.description.contains("first has another rank in each adapter"))
  }

  @Test func biasesOfBAreSummedToo() throws {
    let small = try model([["r": 2, "lora_alpha": 4, "lora_bias": true], ["r": 2]])
    let folders = try ["one", "two"].map { try small.model.folder(of: $0) }
    let combined = try Combiner(Combination(["combination": "cat", "weights": [0.5, 1]])).combine(
      folders.map { AdapterSource($0) })
    let key = "base_model.model.second.lora_B.bias"
    let own = try #require(folders[0].tensors[key])
    // Weight 0.5 and scale 2.
    #expect(try #require(combined.tensors[key]).relativeError(to: own) < 1e-6)
    #expect(combined.configuration.json["lora_bias"] == true)
  }

  /// A convolution's factors, grouped or not, as PEFT shapes them.
  @Test(arguments: [1, 2], ["cat", "svd", "ties_svd"])
  func convolutionsKeepTheirGeometry(groups: Int, kind: String) throws {
    let generator = try Generator(seed: 4)
    func folder() throws -> AdapterFolder {
      let method = try LoRA(["r": 4, "lora_alpha": 8, "target_modules": ["conv"]])
      return AdapterFolder(
        configuration: AdapterConfiguration(method),
        tensors: [
          "base_model.model.conv.lora_A.weight": try .randn([4, 6, 3, 2], generator: generator),
          "base_model.model.conv.lora_B.weight": try .randn([8, 4 / groups, 1, 1], generator: generator),
        ])
    }
    let folders = [try folder(), try folder()]
    var fields: JSONObject = ["combination": .string(kind), "weights": [0.5, 2], "rank": 8]
    if kind == "cat" { fields["rank"] = nil }
    if kind == "ties_svd" { (fields["density"], fields["rank"]) = (1, 36) }
    let combined = try Combiner(Combination(fields)).combine(folders.map { AdapterSource($0) })
    let update = try combined.updates().updates[0]
    #expect(Array(update.a.shape.dropFirst()) == [6, 3, 2] && update.b.rank == 4)
    guard kind != "ties_svd" else { return }
    let deltas = try folders.map { try $0.updates().updates[0].delta() }
    #expect(try update.delta().relativeError(to: deltas[0] * 0.5 + deltas[1] * 2) < 1e-5)
  }

  @Test func dareKeepsTheExpectedValueAndItsSeed() throws {
    let tasks = [try Tensor.ones([200, 200])]
    func sum(_ seed: Int) throws -> Tensor {
      let options: JSONObject = ["combination": "dare_linear", "density": 0.3, "seed": .int(seed)]
      return try TaskArithmetic(Combination(options)).sum(tasks, weights: [1])
    }
    let first = try sum(1)
    #expect(try first.isIdentical(to: sum(1)) && !first.isIdentical(to: sum(2)))
    let mean: Double = try first.mean().item()
    #expect(abs(mean - 1) < 0.05)
  }

  @Test func aModuleTrainedWholeComesFromOneAdapter() throws {
    var folders = [try CombinationGoldenTests.adapter("a"), try CombinationGoldenTests.adapter("b")]
    let key = "base_model.model.head.weight"
    folders[1].tensors[key] = try .ones([2, 2])
    folders[1].configuration.method.targeting.modulesToSave = ["head"]
    let combiner = try Combiner(Combination())
    let combined = try combiner.combine(folders.map { AdapterSource($0) })
    #expect(combined.tensors[key] != nil)
    #expect(combined.configuration.json["modules_to_save"] == ["head"])
    folders[0].tensors[key] = try .ones([2, 2])
    let error = try #require(throws: AdapterError.self) {
      try combiner.combine(folders.map { AdapterSource($0) })
    }
    #expect(error.description.contains("adapter 2: base_model.model.head.weight is in more than one adapter"))
  }

  static let mistakes: [(JSONObject, String)] = [
    (["combination": "ties"], "density is missing"), (["combination": "ties", "density": 0], "above 0"),
    (["combination": "linear", "density": 0.5], "drops nothing"),
    (["combination": "ties", "density": 1.5], "at most 1"), (["rank": 0], "at least 1"),
    (["combination": "cat", "rank": 3], "keeps the adapters' ranks"),
    (["combination": "cat", "svd_clamp": 0.5], "takes no svd"), (["svd_clamp": 2], "at most 1"),
    (["combination": "cat", "majority_sign_method": "frequency"], "elects no signs"),
    (["seed": -1], "negative"),
    (["combination": "sum"], "must be one of"),
  ]

  @Test(arguments: mistakes)
  func optionsThatMakeNoSenseAreRefused(fields: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try Combination(fields) }
    #expect(error.description.contains(message))
  }

  @Test func everyAdapterNeedsAWeight() throws {
    let combiner = try Combiner(Combination(["weights": [1, 2]]))
    let adapter = try CombinationGoldenTests.adapter("a")
    #expect(throws: ConfigurationError.self) { try combiner.combine([AdapterSource(adapter)]) }
    #expect(throws: AdapterError.self) { try combiner.combine([]) }
  }
}
