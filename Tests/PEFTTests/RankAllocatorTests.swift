import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// The allocator against Hugging Face PEFT's over whole schedules; see `Tests/Golden/make_allocation.py`.
struct RankAllocatorTests {
  static let schedules = ["usual", "every-step", "sparse", "one-left", "betas"]
  static let sizes = [("a", 6, 5), ("b", 4, 7), ("c", 5, 5)]

  private struct Run {
    let model: AdaptedModel
    let allocator: RankAllocator
    let golden: [String: Tensor]

    init(_ fields: JSONObject) throws {
      golden = try SafetensorsFile(path: "\(Golden.folder)/allocation/given.safetensors").allTensors()
      let store = try VariableStore()
      for (name, inputs, outputs) in RankAllocatorTests.sizes {
        _ = try Linear(store.root / name, in: inputs, out: outputs)
      }
      model = try AdaptedModel(store)
      var fields = fields
      fields["target_modules"] = ["a", "b", "c"]
      try model.add(AdaLoRA(fields))
      allocator = try #require(model.hooks["default"] as? RankAllocator)
      try withoutGradients {
        for entry in model.parameters() {
          _ = try entry.parameter.tensor.copy_(tensor("start", entry))
        }
      }
    }

    func tensor(_ kind: String, _ entry: NamedParameter) throws -> Tensor {
      try #require(golden["\(kind).\(entry.layer).\(entry.parameter.name)"])
    }

    /// The update of the reference run, and the allocation after it.
    func step(_ number: Int) throws {
      for entry in model.parameters() {
        let gradient = try tensor("gradient", entry).select(0, number - 1).clone()
        try entry.parameter.tensor.setGrad(gradient)
        try withoutGradients { _ = try entry.parameter.tensor.add_(gradient, scale: -0.01) }
      }
      try allocator.afterUpdate(step: number, totalSteps: 24)
    }

    func singularValues(of layer: String) throws -> [Double] {
      let entry = try #require(
        model.parameters().first { $0.layer == layer && $0.parameter.name == "lora_E" })
      return try entry.parameter.tensor.array()
    }
  }

  @Test(arguments: schedules)
  func everyStepEqualsPEFT(schedule: String) throws {
    let golden = try Golden.json("allocation/\(schedule).json")
    let config = try #require(golden["config"]?.objectValue)
    let run = try Run(config)
    let last = try #require(config["total_step"]?.intValue) - (config["tfinal"]?.intValue ?? 0)
    let smoothed = try SafetensorsFile(path: "\(Golden.folder)/allocation/\(schedule).safetensors")
      .allTensors()
    for (index, expected) in try #require(golden["trace"]?.arrayValue).enumerated() {
      let step = index + 1
      try run.step(step)
      if step < last {
        #expect(run.allocator.schedule(step, last).budget == golden["budgets"]?[index]?["budget"]?.intValue)
      }
      if let threshold = expected["threshold"]?.doubleValue {
        let mine = try #require(run.allocator.threshold)
        #expect(abs(mine - threshold) <= 1e-5 * abs(threshold), "step \(step)")
      }
      for (layer, values) in try #require(expected["e"]?.objectValue) {
        let mine = try run.singularValues(of: layer)
        let right = try #require(values.arrayValue).compactMap(\.doubleValue)
        #expect(zip(mine, right).allSatisfy { abs($0 - $1) < 1e-6 }, "step \(step), \(layer)")
      }
      for (layer, pattern) in expected["rank_pattern"]?.objectValue ?? [:] {
        let mask = try #require(run.allocator.masks[layer]).array(of: Bool.self)
        #expect(mask.map { $0 ? "1" : "0" }.joined() == pattern.stringValue, "step \(step), \(layer)")
      }
      for kind in ["sensitivity", "uncertainty"] where step == 1 || step == 10 {
        for entry in run.model.parameters() {
          let key = "\(kind).\(entry.layer).\(entry.parameter.name)"
          guard let right = smoothed["\(step).\(key)"], let mine = run.allocator.state[key] else { continue }
          #expect(try mine.relativeError(to: right) < 1e-5, "\(key)")
        }
      }
    }
  }

  @Test func anInterruptedAllocationGoesOnAlike() throws {
    let fields = try #require(try Golden.json("allocation/usual.json")["config"]?.objectValue)
    let (whole, first) = (try Run(fields), try Run(fields))
    for step in 1...24 { try whole.step(step) }
    for step in 1...11 { try first.step(step) }
    let second = try Run(fields)
    for (from, to) in zip(first.model.parameters(), second.model.parameters()) {
      try withoutGradients { _ = try to.parameter.tensor.copy_(from.parameter.tensor) }
    }
    try second.allocator.restore(first.allocator.state)
    for step in 12...24 { try second.step(step) }
    for (mine, right) in zip(second.model.parameters(), whole.model.parameters()) {
      #expect(try mine.parameter.tensor.isIdentical(to: right.parameter.tensor))
    }
  }

  @Test func finalRanksAreSavedAsPEFTSavesThemAndLoadAgain() throws {
    let fields = try #require(try Golden.json("allocation/usual.json")["config"]?.objectValue)
    let run = try Run(fields)
    for step in 1...17 { try run.step(step) }
    // Before the last allocation everything is live, and is written.
    #expect(try run.model.folder().configuration.json["rank_pattern"]?.isNull == true)
    for step in 18...24 { try run.step(step) }
    let folder = try run.model.folder()
    let pattern = try #require(folder.configuration.json["rank_pattern"]?.objectValue)
    #expect(pattern.keys.sorted() == ["a.lora_E", "b.lora_E", "c.lora_E"])
    var total = 0
    for (key, kept) in pattern {
      let count = try #require(kept.arrayValue).filter { $0.boolValue == true }.count
      #expect(folder.tensors["base_model.model.\(key)"]?.shape == [count, 1])
      total += count
    }
    #expect(total == 6)
    let loaded = try AdaptedModel(run.model.store)
    try run.model.activate([])
    try loaded.load(folder, named: "again")
    let x = try Tensor.randn([2, 6], generator: Generator(seed: 1))
    let layer = try #require(run.model.store.layer(named: "a") as? Linear)
    let y = try layer(x)
    try run.model.activate(["default"])
    #expect(try y.relativeError(to: layer(x)) < 1e-6)
  }

  static let misuse: [(JSONObject, String)] = [
    (["init_r": 4, "target_r": 5], "init_r is 4: must be at least target_r, 5"),
    (["total_step": 10, "tinit": 5, "tfinal": 5], "tinit is 5: tinit + tfinal must be below total_step, 10"),
    (["total_step": 0], "total_step is 0: must be at least 1"),
    (["beta1": 1.0], "beta1 is 1.0: must be between 0 and 1"),
    (["deltaT": 0], "deltaT is 0: must be at least 1"),
  ]

  @Test(arguments: misuse)
  func inconsistentSchedulesAreRefused(fields: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try AdaLoRA(fields) }
    #expect(error.description.hasPrefix(message))
  }

  @Test func aBudgetThatIsTheInitialOneMasksNothing() throws {
    let run = try Run(["init_r": 4, "target_r": 4, "total_step": 24, "tinit": 1, "tfinal": 2])
    for step in 1...24 { try run.step(step) }
    #expect(try run.allocator.masks.values.allSatisfy { try $0.all().item(of: Bool.self) })
  }

  @Test func aMissedFinalStepIsMadeUpFor() throws {
    let run = try Run(["init_r": 4, "target_r": 2, "total_step": 24, "tinit": 1, "tfinal": 6])
    for step in 1...17 { try run.step(step) }
    for step in 19...24 { try run.step(step) }
    #expect(run.allocator.isFinal)
    #expect(try run.allocator.masks.values.reduce(0) { try $0 + $1.sum().item(of: Int.self) } == 6)
  }
}
