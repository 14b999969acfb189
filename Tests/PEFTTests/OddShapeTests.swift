import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Layers of one row or column, ranks above their sizes, batches of nothing, and the ranks that are none.
struct OddShapeTests {
  static let methods = AdapterPropertyTests.mergeable
  static let sizes = [(1, 1), (1, 7), (7, 1), (3, 5), (5, 3)]

  private func method(_ name: String, rank: Int = 4) throws -> any AdapterMethod {
    let known = try MethodRegistry.method(named: name)
    let wanted: JSONObject = [
      "target_modules": ["layer"], "r": .int(rank), "init_r": .int(rank), "target_r": .int(min(rank, 2)),
      "token_indices": [0],
    ]
    var fields = JSONObject()
    // AdaLoRA has the field and does not use it.
    for (key, value) in wanted where known.json[key] != nil && !(key == "r" && name == "adalora") {
      fields[key] = value
    }
    return try MethodRegistry.method(named: name, fields)
  }

  @Test(arguments: methods, sizes)
  func everyMethodFitsEveryLayerOrSaysWhyNot(name: String, size: (Int, Int)) throws {
    let store = try VariableStore(seed: 3)
    let layer = try Linear(store.root / "layer", in: size.0, out: size.1, bias: true)
    let model = try AdaptedModel(store, seed: 5)
    do {
      try model.add(method(name))
    } catch let error as ConfigurationError {
      // Bases of the weight itself reach no further than its rank.
      #expect("\(error)".contains("r is 4: must be at most \(min(size.0, size.1))"), "\(error)")
      #expect(store.layers[0].adapters.isEmpty && model.names.isEmpty)
      return
    }
    let generator = try Generator(seed: 9)
    try withoutGradients {
      for entry in model.parameters() where entry.parameter.isLearned {
        let tensor = entry.parameter.tensor
        try tensor.add_(Tensor.randn(tensor.shape, generator: generator) * 0.3)
      }
    }
    let x = try Tensor.randn([2, 3, size.0], generator: Generator(seed: 1))
    let y = try layer(x)
    #expect(y.shape == [2, 3, size.1])
    #expect(try layer(x.slice(0, 0..<0)).shape == [0, 3, size.1])
    try y.square().sum().backward()
    for entry in model.trainableParameters {
      #expect(try #require(entry.parameter.tensor.grad).isFinite().all().item(of: Bool.self), "\(entry.name)")
    }
    try model.merge()
    #expect(try layer(x).relativeError(to: y) < 1e-4)
  }

  @Test(arguments: ["lora", "dora", "edora", "lora-xs", "adalora"], [0, -3])
  func aRankBelowOneIsAnErrorThatNamesTheField(name: String, rank: Int) throws {
    let error = try #require(throws: ConfigurationError.self) { _ = try method(name, rank: rank) }
    #expect("\(error)".contains(name == "adalora" ? "target_r" : "r is"), "\(error)")
  }

  /// What of two adapters has a gradient, after each thing that may change it.
  @Test(arguments: AdapterPropertyTests.methods)
  func onlyWhatIsTrainableWantsGradients(name: String) throws {
    let zoo = try MatrixTests.Zoo()
    func wants(_ adapter: String) -> Set<Bool> {
      Set(
        zoo.model.parameters(of: adapter).filter(\.parameter.isLearned).map {
          $0.parameter.tensor.requiresGrad
        })
    }
    func expect(_ one: Bool, _ two: Bool, _ after: String) {
      #expect(wants("one") == [one] && wants("two") == [two], "\(after)")
      #expect(zoo.store.parameters.allSatisfy { !$0.tensor.requiresGrad }, "\(after)")
      for adapter in ["one", "two"] {
        let frozen = zoo.model.parameters(of: adapter).filter { !$0.parameter.isLearned }
        #expect(frozen.allSatisfy { !$0.parameter.tensor.requiresGrad }, "\(after)")
      }
    }
    try zoo.add(name, named: "one")
    try zoo.add("lora", named: "two")
    expect(true, true, "added")
    try zoo.model.setTrainable(false, "one")
    expect(false, true, "one frozen")
    try zoo.model.activate(["one"])
    expect(false, true, "one activated")
    try zoo.model.setTrainable(true, "one")
    try zoo.model.setTrainable(false, "two")
    expect(true, false, "one trained instead")
    try zoo.model.merge(["two"])
    zoo.model.unmerge()
    expect(true, false, "merged and unmerged")
    _ = try zoo.model.withAdaptersDisabled { try zoo() }
    expect(true, false, "disabled for a while")
    try zoo.model.delete("two")
    #expect(wants("one") == [true])
  }
}
