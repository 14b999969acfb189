import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Naming, scaling, swapping, scopes and status of adapters; adapters by row. Behaviour of PEFT's
/// `TestMixedAdapterBatches`, `TestHotSwapping`, `TestScaling`, `TestModelAndLayerStatus` and `TestRequiresGrad`.
struct ManagementTests {
  private typealias Small = AdapterPropertyTests.Small

  /// Methods that are a product s B A.
  static let scaled = ["lora", "rslora", "dora", "adalora", "edora", "lora-xs"]
  static let routed = scaled + ["ia3"]

  private func model(_ methods: String..., rank: Int = 3) throws -> Small {
    let small = try Small()
    for (index, method) in methods.enumerated() {
      let name = ["one", "two", "three"][index]
      let fields: JSONObject = [
        "target_modules": "all-linear", "r": .int(rank + index), "lora_alpha": 6, "init_r": 4, "target_r": 2,
      ]
      let known = try MethodRegistry.method(named: method).json
      let own = JSONObject(fields.filter { known[$0.key] != nil })
      try small.model.add(MethodRegistry.method(named: method, own), named: name)
      try small.randomize(name, seed: UInt64(index + 30))
    }
    return small
  }

  private func input(_ rows: Int, tokens: Int = 4) throws -> Tensor {
    try .randn([rows, tokens, 10], generator: Generator(seed: 1))
  }

  @Test(arguments: routed, ["lora", "dora"])
  func eachRowGetsItsOwnAdapter(method: String, other: String) throws {
    let small = try model(method, other)
    let x = try input(5)
    let names: [String?] = ["two", nil, "one", "two", "__base__"]
    let together = try small.model.withAdapters(byRow: names) { try withoutGradients { try small(x) } }
    for (row, name) in names.enumerated() {
      let chosen = name.flatMap { $0 == "__base__" ? nil : [$0] } ?? []
      let alone = try small.model.withAdapters(chosen) { try small(x.slice(0, row..<(row + 1))) }
      #expect(try together.slice(0, row..<(row + 1)).relativeError(to: alone) < 1e-5, "row \(row)")
    }
    // Outside the scope the active adapter works on every row again.
    let after = try small(x)
    #expect(small.model.active == ["two"])
    #expect(try after.slice(0, 0..<1).relativeError(to: together.slice(0, 0..<1)) < 1e-5)
    #expect(try after.slice(0, 1..<2).relativeError(to: together.slice(0, 1..<2)) > 1e-3)
  }

  @Test func embeddingsAreRoutedToo() throws {
    let store = try VariableStore(seed: 3)
    let table = try Embedding(store.root / "table", entries: 11, size: 6)
    let model = try AdaptedModel(store)
    for (index, usesDoRA) in [false, true].enumerated() {
      let fields: JSONObject = ["target_modules": ["table"], "r": 2, "use_dora": .bool(usesDoRA)]
      try model.add(LoRA(fields), named: "\(index)")
      for parameter in model.parameters(of: "\(index)") {
        _ = try withoutGradients { try parameter.parameter.tensor.normal_(generator: Generator(seed: 4)) }
      }
    }
    let ids = try Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    let together = try model.withAdapters(byRow: ["1", nil, "0"]) { try table(ids) }
    for (row, names) in [["1"], [], ["0"]].enumerated() {
      let alone = try model.withAdapters(names) { try table(ids.slice(0, row..<(row + 1))) }
      #expect(try together.slice(0, row..<(row + 1)).relativeError(to: alone) < 1e-6)
    }
  }

  /// Outside the graph tokens go through all adapters at once, few and many in different ways; with it each adapter
  /// has its rows.
  @Test(
    arguments: [["lora", "lora"], ["lora", "adalora"], ["edora", "lora"], ["dora", "lora"]], [4, 40])
  func rowsTogetherEqualRowsApart(methods: [String], tokens: Int) throws {
    let small = try model(methods[0], methods[1])
    let x = try input(4, tokens: tokens)
    for names in [["two", nil, "one", "two"], ["two", "two", nil, nil]] {
      try small.model.withAdapters(byRow: names) {
        let apart = try small(x)
        let together = try withoutGradients { try small(x) }
        #expect(try together.relativeError(to: apart) < 1e-6)
        let fewer = try #require(small.store.mode.rowAdapters?.selecting([2, 0]))
        small.store.mode.rowAdapters = fewer
        let index = try Tensor([2, 0])
        #expect(
          try withoutGradients { try small(x.indexSelect(0, index)) }.relativeError(
            to: apart.indexSelect(0, index)) < 1e-6)
      }
    }
  }

  @Test func rowsThatCannotBeRoutedAreRefused() throws {
    let small = try model("lora", "lora")
    let x = try input(3)
    func message(_ body: () throws -> Void) throws -> String {
      try #require(throws: AdapterError.self) { try body() }.description
    }
    #expect(try message { try small.model.withAdapters(byRow: ["three"]) {} }.contains("named 'three'"))
    #expect(
      try message { _ = try small.model.withAdapters(byRow: ["one", "two"]) { try small(x) } }.contains(
        "2 rows have adapters"))
    small.store.mode.isTraining = true
    #expect(
      try message { _ = try small.model.withAdapters(byRow: ["one", "two", nil]) { try small(x) } }.contains(
        "in training"))
    small.store.mode.isTraining = false
    try small.model.merge(["one"])
    #expect(try message { try small.model.withAdapters(byRow: ["two"]) {} }.contains("'one' is merged"))
    #expect(small.store.mode.rowAdapters == nil)
  }

  @Test(arguments: scaled)
  func theScaleMultipliesTheUpdate(method: String) throws {
    let small = try model(method)
    func change() throws -> Tensor {
      let folding = try small.first.folding(of: ["one"])
      return try folding.weight - folding.untouched
    }
    let x = try input(2)
    let (whole, output) = (try change(), try small(x))
    let bare = try small.model.withAdaptersDisabled { try small(x) }
    try small.model.withScale(0.5, of: "one") {
      #expect(try small.model.scale(of: "one") == 0.5)
      if method != "dora" && method != "edora" { #expect(try change().relativeError(to: whole * 0.5) < 1e-5) }
      let halved = try small(x)
      #expect(try halved.relativeError(to: output) > 1e-3 && halved.relativeError(to: bare) > 1e-3)
      // What is merged is what is computed.
      try small.model.merge(["one"])
      #expect(try small(x).relativeError(to: halved) < 1e-5)
      small.model.unmerge()
    }
    #expect(try small(x).isIdentical(to: output))
    #expect(throws: AdapterError.self) { try small.model.setScale(.nan, of: "one") }
    #expect(throws: AdapterError.self) { try small.model.setScale(1, of: "nobody") }
  }

  @Test func methodsWithoutAScaleSaySo() throws {
    let small = try model("ia3")
    let error = try #require(throws: AdapterError.self) { try small.model.setScale(2, of: "one") }
    #expect(error.description.contains("'one' has no scale"))
  }

  @Test func aNewNameKeepsEverything() throws {
    let small = try model("lora", "adalora")
    try small.model.activate(["two", "one"])
    try small.model.setTrainable(false, "one")
    let x = try input(2)
    let before = try small(x)
    try small.model.rename("two", to: "better")
    #expect(small.model.names == ["one", "better"] && small.model.active == ["better", "one"])
    #expect(small.model.hooks["better"] != nil && small.model.hooks["two"] == nil)
    #expect(try small(x).isIdentical(to: before))
    #expect(throws: AdapterError.self) { try small.model.rename("two", to: "x") }
    #expect(throws: AdapterError.self) { try small.model.rename("one", to: "better") }
    #expect(throws: AdapterError.self) { try small.model.rename("one", to: "a.b") }
    try small.model.rename("one", to: "one")
    try small.model.delete("better")
    #expect(small.model.names == ["one"])
  }

  @Test(arguments: [("lora", 3), ("lora", 5), ("dora", 3), ("edora", 3), ("dora", 2)])
  func swappedValuesWorkAtOnce(method: String, rank: Int) throws {
    let (small, other) = (try model(method, "lora"), try model(method, rank: rank))
    let x = try input(2)
    let wanted = try other(x)
    try small.model.activate(["one"])
    try small.model.setTrainable(false, "one")
    let memory = try #require(small.model.parameters(of: "one").first).parameter.tensor
    try small.model.swap("one", for: other.model.folder(of: "one"))
    #expect(try small(x).relativeError(to: wanted) < 1e-6)
    #expect(small.model.names == ["one", "two"] && small.model.active == ["one"])
    #expect(small.first.slot["one"]?.isTrainable == false && small.first.slot["two"]?.isTrainable == true)
    let now = try #require(small.model.parameters(of: "one").first).parameter.tensor
    #expect(now.sharesStorage(with: memory) == (rank == 3))
  }

  @Test func aSwapThatCannotBeChangesNothing() throws {
    let small = try model("lora")
    let x = try input(2)
    let before = try small(x)
    #expect(throws: AdapterError.self) {
      try small.model.swap("one", for: model("ia3").model.folder(of: "one"))
    }
    var folder = try model("lora").model.folder(of: "one")
    folder.tensors.removeValue(forKey: try #require(folder.tensors.keys.sorted().first))
    #expect(throws: AdapterError.self) { try small.model.swap("one", for: folder) }
    try small.model.merge()
    #expect(throws: AdapterError.self) { try small.model.swap("one", for: small.model.folder(of: "one")) }
    small.model.unmerge()
    #expect(small.model.names == ["one"])
    #expect(try small(x).isIdentical(to: before))
  }

  @Test func statusTellsEveryState() throws {
    let small = try model("lora", "dora")
    try small.model.setTrainable(false, "one")
    try small.model.merge(["one"])
    var status = try small.model.status()
    #expect(status.layers.map(\.name) == ["first", "second"] && status.isEnabled)
    #expect(
      status.adapters.map(\.name) == ["one", "two"] && status.adapters.map(\.method) == ["LORA", "LORA"])
    #expect(status.adapters.map(\.active) == [.no, .yes] && status.adapters.map(\.merged) == [.yes, .no])
    #expect(status.adapters.map(\.trainable) == [.no, .yes])
    #expect(status.adapters[0].trainableParameters == 0)
    #expect(status.adapters[1].trainableParameters == small.model.trainableCount)
    #expect(status.layers[0].adapters.map(\.kind).sorted() == ["DoRALinear", "LoRALinear"])
    small.model.unmerge()
    small.first.slot.activate(["one"])
    status = try small.model.status()
    #expect(status.adapters.map(\.active) == [.irregular, .irregular])
    #expect(status.json["adapters"]?["one"]?["active"] == "irregular")
  }

  @Test func scopesRestoreWhatWasActiveAlsoAfterErrors() throws {
    let small = try model("lora", "lora")
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try small.model.withAdapters(["one", "two"]) {
        #expect(small.model.active == ["one", "two"])
        throw Stop()
      }
    }
    #expect(small.model.active == ["two"])
    #expect(throws: AdapterError.self) { try small.model.withAdapters(["nobody"]) {} }
    #expect(small.model.active == ["two"])
  }

  /// Loading, adding and switching leave trainability alone; see PEFT's `TestRequiresGrad`.
  @Test func trainabilityIsAStateOfItsOwn() throws {
    let small = try model("lora", "lora")
    func trainable() -> [String] {
      small.model.names.filter { name in small.first.slot[name]?.isTrainable == true }
    }
    #expect(trainable() == ["one", "two"])
    try small.model.load(small.model.folder(of: "one"), named: "loaded")
    #expect(trainable() == ["one", "two"])
    try small.model.setTrainable(false, "one")
    try small.model.activate(["one"])
    #expect(trainable() == ["two"])
    try small.model.delete("two")
    #expect(trainable() == [])
  }
}
