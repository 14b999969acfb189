import Configuration
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Rows for chosen tokens: what holds beside the values of Hugging Face PEFT.
struct TrainableTokensTests {
  /// An embedding, a hidden layer, and a head that shares the table or does not.
  private struct Tiny {
    let store: VariableStore
    let embedding: Embedding
    let hidden, head: Linear
    let model: AdaptedModel

    init(tied: Bool = true, scale: Double = 1, padding: Int? = nil) throws {
      store = try VariableStore(seed: 3)
      embedding = try Embedding(
        store.root / "model" / "table", entries: 9, size: 6, scale: scale, padding: padding)
      hidden = try Linear(store.root / "model" / "hidden", in: 6, out: 6)
      head = try Linear(
        store.root / "head", in: 6, out: 9, bias: true, tiedTo: tied ? embedding.table : nil)
      model = try AdaptedModel(store, seed: 5)
    }

    func callAsFunction(_ ids: Tensor) throws -> Tensor { try head(hidden(embedding(ids))) }

    func randomize() throws {
      let generator = try Generator(seed: 9)
      try withoutGradients {
        for entry in model.parameters() {
          try entry.parameter.tensor.add_(Tensor.randn(entry.parameter.tensor.shape, generator: generator))
        }
      }
    }
  }

  private let ids = try? Tensor([4, 0, 7, 4, 8, 1], shape: [2, 3])

  @Test(arguments: [true, false])
  func bothEndsOfATiedTableSeeTheRows(tied: Bool) throws {
    let (tiny, ids) = (try Tiny(tied: tied, scale: 2), try #require(ids))
    let before = try tiny(ids)
    try tiny.model.add(LoRA(["target_modules": ["hidden"], "trainable_token_indices": [7, 4]]))
    #expect(try tiny(ids).isIdentical(to: before))
    #expect(tiny.head.adapters.count == (tied ? 1 : 0))
    let names = tiny.model.parameters().map(\.name).filter { $0.contains("token") }
    #expect(names == ["base_model.model.model.table.token_adapter.trainable_tokens_delta"])
    try tiny.randomize()
    let y = try tiny(ids)
    // Only rows with a chosen token change at the first layer, and only their logits at a tied last one.
    let plain = try tiny.model.withAdaptersDisabled { try tiny.embedding(ids) }
    let change = try (tiny.embedding(ids) - plain).abs().sum([-1])
    let rows = try change.equal(0).flattened().array(of: Bool.self)
    #expect(rows == [false, true, false, false, true, true])
    let h = try Tensor.randn([1, 6], generator: Generator(seed: 2))
    let logits = try tiny.head(h).equal(tiny.model.withAdaptersDisabled { try tiny.head(h) })
    let kept = try logits.flattened().array(of: Bool.self)
    #expect(kept.indices.filter { !kept[$0] } == (tied ? [4, 7] : []))
    try tiny.model.merge()
    #expect(try tiny(ids).relativeError(to: y) < 1e-5)
    tiny.model.unmerge()
    #expect(try tiny(ids).isIdentical(to: y))
  }

  @Test func gradientsReachTheRowsFromBothEndsButNotFromPadding() throws {
    let (tiny, ids) = (try Tiny(padding: 4), try #require(ids))
    try tiny.model.add(TrainableTokens(["token_indices": [4, 7]]))
    let shared = Set(tiny.model.parameters().map { ObjectIdentifier($0.parameter) })
    #expect(shared.count == 1 && tiny.model.parameters().count == 2)
    #expect(tiny.model.trainableCount == 12)
    let rows = try #require(tiny.model.parameters().first).parameter.tensor
    try tiny.embedding(ids).sum().backward()
    let gradient = try #require(rows.grad).array(of: Float.self)
    #expect(gradient == Array(repeating: 0, count: 6) + Array(repeating: 1, count: 6))
    try tiny.head(.ones([1, 6])).sum().backward()
    let both = try #require(rows.grad).array(of: Float.self)
    #expect(both == Array(repeating: 1, count: 6) + Array(repeating: 2, count: 6))
  }

  @Test func differentTokensForATiedPairAreTrainedApart() throws {
    let tiny = try Tiny()
    let tokens: JSONObject = ["table": [1, 2], "head": [2]]
    let fields: JSONObject = ["target_modules": ["hidden"], "trainable_token_indices": .object(tokens)]
    var strict = fields
    strict["ensure_weight_tying"] = true
    let error = try #require(throws: AdapterError.self) { try tiny.model.add(LoRA(strict)) }
    #expect(error.description.contains("differ for 'model.table' and 'head', which share a table"))
    try tiny.model.add(LoRA(fields))
    #expect(tiny.model.parameters().filter { $0.name.contains("token") }.count == 2)
  }

  static let wrong: [(JSONObject, String)] = [
    (["trainable_token_indices": [9]], "token 9 at model.table, which has 9 rows: give ids from 0 to 8"),
    (["trainable_token_indices": ["tabel": [1]]], "'tabel' matches no layer (did you mean 'table'?)"),
    (
      ["trainable_token_indices": [1], "target_modules": ["table"]],
      "target_modules matches 'model.table', whose rows trainable_token_indices trains: exclude it"
    ),
    (
      ["trainable_token_indices": [1], "target_modules": ["head"]],
      "target_modules matches 'head', whose rows trainable_token_indices trains: exclude it"
    ),
    (
      ["trainable_token_indices": [1], "modules_to_save": ["table"]],
      "trainable_token_indices and modules_to_save both name 'model.table'"
    ),
  ]

  @Test(arguments: wrong)
  func whatCannotBeIsAnError(fields: JSONObject, message: String) throws {
    let tiny = try Tiny()
    var object: JSONObject = ["target_modules": ["hidden"]]
    for (key, value) in fields { object[key] = value }
    let error = try #require(throws: AdapterError.self) { try tiny.model.add(LoRA(object)) }
    #expect(error.description.contains(message))
    #expect(tiny.store.layers.allSatisfy { $0.adapters.isEmpty })
  }

  static let invalid: [JSONObject] = [
    ["token_indices": [1, 1]], ["token_indices": [-1]], ["token_indices": "all"],
  ]

  @Test(arguments: invalid)
  func wrongIndicesAreErrors(fields: JSONObject) {
    #expect(throws: ConfigurationError.self) { try TrainableTokens(fields) }
  }

  @Test func noIndicesAreAnError() throws {
    let tiny = try Tiny()
    let error = try #require(throws: ConfigurationError.self) { try tiny.model.add(TrainableTokens()) }
    #expect("\(error)".contains("must name at least one token id"))
  }

  @Test func randomRowsCanBeAskedFor() throws {
    let (tiny, ids) = (try Tiny(), try #require(ids))
    let before = try tiny(ids)
    try tiny.model.add(TrainableTokens(["token_indices": [4], "init_weights": false]))
    #expect(try tiny(ids).relativeError(to: before) > 0.01)
  }
}
