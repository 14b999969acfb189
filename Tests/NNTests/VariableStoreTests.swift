import Testing
import Torch

@testable import NN

struct VariableStoreTests {
  private func source(_ shapes: [String: [Int]]) throws -> TensorDictionary {
    TensorDictionary(try shapes.mapValues { try Tensor.ones($0, dtype: .bfloat16) })
  }

  @Test func constructionRecordsNamesInOrder() throws {
    let store = try VariableStore()
    let block = store.root / "model" / "layers" / 0
    _ = try Linear(block / "q_proj", in: 4, out: 6, bias: true)
    _ = try RMSNorm(block / "norm", size: 4, eps: 1e-6)
    #expect(
      store.parameters.map(\.name) == [
        "model.layers.0.q_proj.weight", "model.layers.0.q_proj.bias", "model.layers.0.norm.weight",
      ])
    #expect(store.layers.map(\.name) == ["model.layers.0.q_proj", "model.layers.0.norm"])
    #expect(store.parameterCount == 24 + 6 + 4)
    #expect(store.layer(named: "model.layers.0.q_proj")?.kind == .linear(inputs: 4, outputs: 6))
  }

  @Test func everyMisfitIsReportedAtOnceWithTheNearestName() throws {
    let store = try VariableStore(
      source(["a.weight": [3, 2], "b.weigth": [2, 2], "c.weight": [2, 2], "extra": [1]]))
    _ = try Linear(store.root / "a", in: 2, out: 3)
    _ = try Linear(store.root / "b", in: 2, out: 2)
    _ = try Linear(store.root / "c", in: 5, out: 2)
    let error = try #require(throws: CheckpointError.self) { try store.report.requireClean() }
    #expect(error.missing == ["b.weight"])
    #expect(error.unexpected == ["b.weigth", "extra"])
    #expect(error.mismatched == [.init(name: "c.weight", found: [2, 2], expected: [2, 5])])
    #expect(
      error.description
        == "1 tensor missing: b.weight (the file has b.weigth); "
        + "1 tensor of another shape: c.weight is [2, 2], the model needs [2, 5]; "
        + "2 tensors unexpected: b.weigth, extra")
  }

  @Test(arguments: [["embed.weight"], ["head.weight"], ["embed.weight", "head.weight"]])
  func tiedWeightsAreFoundUnderEitherName(names: [String]) throws {
    let store = try VariableStore(source(Dictionary(uniqueKeysWithValues: names.map { ($0, [5, 2]) })))
    let embedding = try Embedding(store.root / "embed", entries: 5, size: 2, aliases: ["head.weight"])
    let head = try Linear(store.root / "head", in: 2, out: 5, tiedTo: embedding.table)
    #expect(store.report.isClean)
    #expect(head.weight === embedding.weight)
    #expect(store.parameters.count == 1)
    #expect(store.parameter(named: "head.weight") === embedding.table)
  }

  @Test func typesAreKeptOrConverted() throws {
    let source = TensorDictionary(["l.weight": try .ones([2, 2], dtype: .float16)])
    #expect(try Linear(VariableStore(source).root / "l", in: 2, out: 2).weight.dtype == .float16)
    #expect(
      try Linear(VariableStore(source, dtype: .float32).root / "l", in: 2, out: 2).weight.dtype == .float32)
  }

  @Test func aSeedGivesTheSameInitialValuesForEveryType() throws {
    func weight(_ dtype: DType, seed: UInt64) throws -> Tensor {
      try Linear(VariableStore(dtype: dtype, seed: seed).root / "l", in: 3, out: 3).weight.dense(dtype)
    }
    let reference = try weight(.float32, seed: 1)
    #expect(try weight(.bfloat16, seed: 1).isIdentical(to: reference.to(dtype: .bfloat16)))
    #expect(try !weight(.float32, seed: 2).isIdentical(to: reference))
  }
}
