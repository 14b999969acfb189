import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Adapters on an embedding and a head that share one table: a merge tells the two apart, and taking it out joins them.
struct TiedWeightTests {
  struct Twins {
    let store: VariableStore
    let table: Embedding
    let head: Linear
    let model: AdaptedModel

    init() throws {
      store = try VariableStore(seed: 3)
      table = try Embedding(store.root / "table", entries: 9, size: 6)
      head = try Linear(store.root / "head", in: 6, out: 9, tiedTo: table.table)
      model = try AdaptedModel(store, seed: 5)
    }

    func callAsFunction() throws -> Tensor { try head(table(Tensor([4, 0, 7, 8], shape: [2, 2])).tanh()) }

    func randomize() throws {
      let generator = try Generator(seed: 9)
      try withoutGradients {
        for entry in model.parameters() where entry.parameter.isLearned {
          let tensor = entry.parameter.tensor
          try tensor.add_(Tensor.randn(tensor.shape, generator: generator) * 0.3)
        }
      }
    }
  }

  static let methods = MatrixTests.mergeable.filter { name in
    guard let method = try? MethodRegistry.method(named: name) else { return false }
    return name != "trainable-tokens" && name != "bitfit" && method.supports(.linear(inputs: 6, outputs: 9))
  }
  static let ends = [["head"], ["table"], ["table", "head"]]

  @Test(arguments: methods, ends)
  func aMergeUntiesWhatItChanges(name: String, targets: [String]) throws {
    let twins = try Twins()
    let known = try MethodRegistry.method(named: name)
    guard !targets.contains("table") || known.supports(.embedding(entries: 9, size: 6)) else { return }
    var fields: JSONObject = ["target_modules": .array(targets.map(JSONValue.string))]
    for (key, value) in ["r": 4, "init_r": 4, "target_r": 2] as JSONObject where known.json[key] != nil {
      fields[key] = value
    }
    let weight = try twins.table.weight.dense(.float32).clone()
    try twins.model.add(MethodRegistry.method(named: name, fields))
    try twins.randomize()
    let y = try twins()
    try twins.model.merge()
    #expect(try twins().relativeError(to: y) < 2e-5)
    let (table, head) = (
      try twins.table.weight.dense(.float32), try twins.head.weight.dense(.float32)
    )
    #expect(try table.isIdentical(to: weight) == !targets.contains("table"))
    #expect(try head.isIdentical(to: weight) == !targets.contains("head"))
    #expect(try twins.store.stateDict().map(\.name) == ["table.weight", "head.weight"])
    twins.model.unmerge()
    #expect(try twins.store.stateDict().map(\.name) == ["table.weight"])
    #expect(try twins().isIdentical(to: y))
    try twins.model.mergeAndUnload()
    let state = try twins.store.stateDict()
    #expect(state.map(\.name) == ["table.weight", "head.weight"])
    #expect(try state[0].tensor.isIdentical(to: table) && state[1].tensor.isIdentical(to: head))
    #expect(try twins().relativeError(to: y) < 2e-5)
  }

  @Test func theSharedTableItselfIsNeverTrainedByAnAdapter() throws {
    let twins = try Twins()
    try twins.model.add(LoRA(["target_modules": ["table", "head"]]))
    try twins().square().sum().backward()
    #expect(twins.store.parameters.allSatisfy { !$0.tensor.requiresGrad && $0.tensor.grad == nil })
    #expect(twins.model.trainableParameters.count == 4)
  }
}
