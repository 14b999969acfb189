import Configuration
import Files
import Foundation
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Every method, and every two methods, on a model with every kind of layer: what Hugging Face PEFT's
/// `PeftCommonTester`, `TestPeftCustomModel` and `TestMultipleActiveAdapters` check of each of its own.
struct MatrixTests {
  /// An embedding, a linear layer, GPT-2's transposed one, a convolution, attention with fused projections, a
  /// normalization and a head.
  struct Zoo {
    let store: VariableStore
    let table: Embedding
    let up: Linear
    let across: TransposedLinear
    let filter: Convolution
    let attention: MultiheadAttention
    let norm: LayerNorm
    let head: Linear
    let model: AdaptedModel

    init() throws {
      store = try VariableStore(seed: 3)
      let root = store.root
      table = try Embedding(root / "table", entries: 13, size: 8)
      up = try Linear(root / "up", in: 8, out: 12, bias: true)
      across = try TransposedLinear(root / "across", in: 12, out: 8)
      filter = try Convolution(
        root / "filter", in: 8, out: 8, ConvolutionGeometry(kernel: [3], padding: .same))
      attention = try MultiheadAttention(root / "attention", size: 8, heads: 2)
      norm = try LayerNorm(root / "norm", size: 8, eps: 1e-5)
      head = try Linear(root / "head", in: 8, out: 5, bias: true)
      model = try AdaptedModel(store, seed: 5)
    }

    var ids: Tensor { get throws { try Tensor([1, 5, 9, 2, 12, 7, 0, 3], shape: [2, 4]) } }

    /// [2, 4, 5].
    func callAsFunction() throws -> Tensor {
      let hidden = try across(up(table(ids)).tanh())
      let filtered = try filter(hidden.transposed(1, 2)).transposed(1, 2)
      return try head(norm(hidden + filtered + attention(hidden)))
    }

    /// Adds a method on every layer that it can adapt, with random values.
    func add(_ name: String, named label: String, seed: UInt64 = 9) throws {
      let known = try MethodRegistry.method(named: name)
      let fields: JSONObject = [
        "r": 4, "lora_alpha": 6, "init_r": 4, "target_r": 2, "token_indices": [1, 9], "total_step": 10,
      ]
      var own = JSONObject(fields.filter { known.json[$0.key] != nil })
      let inner = store.layers.flatMap(\.inner)
      let layers = store.layers.filter { layer in
        // What lies in another layer is adapted with it.
        if inner.contains(where: { $0 === layer }) { return false }
        return switch name {
        case "bitfit": layer.bias != nil
        case "bottleneck": known.supports(layer.kind) && layer !== table
        case "ln-tuning": layer === norm
        case "trainable-tokens": layer === table
        default: known.supports(layer.kind)
        }
      }
      own["target_modules"] = .array(layers.map { .string($0.name) })
      try model.add(MethodRegistry.method(named: name, own), named: label)
      let generator = try Generator(seed: seed)
      try withoutGradients {
        for entry in model.parameters(of: label) where entry.parameter.isLearned {
          let tensor = entry.parameter.tensor
          try tensor.add_(Tensor.randn(tensor.shape, generator: generator) * 0.2)
        }
      }
    }

    func weights() throws -> [Tensor] {
      try store.parameters.map { try $0.tensor.clone() }
        + store.layers.map { try $0.weight.dense(.float32).clone() }
    }
  }

  static let methods = AdapterPropertyTests.methods
  /// Those whose effect is a change of the weights.
  static let mergeable = AdapterPropertyTests.mergeable

  private func same(_ one: [Tensor], _ other: [Tensor]) throws -> Bool {
    try one.count == other.count && zip(one, other).allSatisfy { try $0.isIdentical(to: $1) }
  }

  @Test(arguments: methods)
  func savingLoadingAndSavingGivesTheSameBytes(method: String) throws {
    let folder = NSTemporaryDirectory() + "/peft-\(UInt64.random(in: .min ... .max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (first, second) = (try Zoo(), try Zoo())
    try first.add(method, named: "default")
    try first.model.save(to: folder + "/one")
    try second.model.load(folder: folder + "/one")
    try second.model.save(to: folder + "/two")
    let names = try Folder.names(in: folder + "/one")
    #expect(try names.sorted() == Folder.names(in: folder + "/two").sorted())
    for name in names {
      #expect(
        try WholeFile.read("\(folder)/one/\(name)") == WholeFile.read("\(folder)/two/\(name)"), "\(name)")
    }
    #expect(try second().isIdentical(to: first()))
    #expect(second.model.trainableCount == 0)
  }

  @Test(arguments: methods)
  func trainingChangesTheAdapterAlone(method: String) throws {
    let zoo = try Zoo()
    try zoo.add(method, named: "default")
    let weights = try zoo.weights()
    let before = try zoo.model.trainableParameters.map { try $0.parameter.tensor.clone() }
    zoo.store.mode.isTraining = true
    try zoo().square().sum().backward()
    try withoutGradients {
      for entry in zoo.model.trainableParameters {
        let gradient = try #require(entry.parameter.tensor.grad, "\(entry.name)")
        try entry.parameter.tensor.add_(gradient, scale: -0.1)
      }
    }
    var moved = 0
    for (entry, old) in zip(zoo.model.trainableParameters, before) {
      let size: Double = try #require(entry.parameter.tensor.grad).norm().item()
      let isMoved = try !entry.parameter.tensor.isIdentical(to: old)
      // A unit that is off for every row has no gradient.
      #expect(isMoved == (size > 0), "\(entry.name)")
      moved += isMoved ? 1 : 0
    }
    #expect(moved > 0)
    #expect(try same(zoo.weights(), weights))
    #expect(zoo.store.parameters.allSatisfy { $0.tensor.grad == nil })
  }

  @Test(arguments: mergeable)
  func mergingOnEveryKindOfLayerEqualsApplying(method: String) throws {
    let zoo = try Zoo()
    let (bare, weights) = (try zoo(), try zoo.weights())
    try zoo.add(method, named: "default")
    let y = try zoo()
    #expect(try y.relativeError(to: bare) > 1e-3)
    try zoo.model.merge()
    #expect(try zoo().relativeError(to: y) < 2e-5)
    #expect(try zoo.model.withAdaptersDisabled { try zoo() }.isIdentical(to: bare))
    zoo.model.unmerge()
    #expect(try same(zoo.weights(), weights))
    #expect(try zoo().isIdentical(to: y))
    try zoo.model.mergeAndUnload()
    #expect(try zoo().relativeError(to: y) < 2e-5)
    #expect(zoo.model.names.isEmpty && zoo.store.layers.allSatisfy { $0.adapters.isEmpty })
  }

  @Test(arguments: methods, methods)
  func anyTwoMethodsLiveOnOneModel(first: String, second: String) throws {
    let zoo = try Zoo()
    let (bare, weights) = (try zoo(), try zoo.weights())
    try zoo.add(first, named: "one", seed: 10)
    let one = try zoo()
    try zoo.add(second, named: "two", seed: 11)
    let two = try zoo()
    try zoo.model.activate(["one", "two"])
    let both = try zoo()
    #expect(try both.isFinite().all().item(of: Bool.self))
    #expect(try both.relativeError(to: one) > 1e-4)
    // What replaces weights, as these two do, leaves nothing of another of its kind below.
    if first != second || !["ln-tuning", "trainable-tokens"].contains(first) {
      #expect(try both.relativeError(to: two) > 1e-4)
    }
    for (names, wanted) in [(["one"], one), (["two"], two), ([], bare), (["one", "two"], both)] {
      try zoo.model.activate(names)
      #expect(try zoo().isIdentical(to: wanted), "\(names)")
    }
    #expect(try zoo.model.withAdaptersDisabled { try zoo() }.isIdentical(to: bare))
    if Self.mergeable.contains(first), Self.mergeable.contains(second) {
      try zoo.model.merge(["one"])
      try zoo.model.merge(["two"])
      let sequential = try zoo()
      zoo.model.unmerge()
      try zoo.model.merge(["one", "two"])
      #expect(try zoo().isIdentical(to: sequential))
    } else {
      #expect(throws: AdapterError.self) { try zoo.model.merge(["one", "two"]) }
    }
    zoo.model.unmerge()
    #expect(try same(zoo.weights(), weights))
    #expect(try zoo().isIdentical(to: both))
    try zoo.model.delete("one")
    #expect(zoo.model.active == ["two"])
    #expect(try zoo().isIdentical(to: two))
    try zoo.model.delete("two")
    #expect(try zoo().isIdentical(to: bare))
    #expect(zoo.store.layers.allSatisfy { $0.adapters.isEmpty })
  }

  @Test(arguments: methods)
  func rowsOfOneBatchMayHaveAnyMethod(method: String) throws {
    let zoo = try Zoo()
    try zoo.add(method, named: "one", seed: 10)
    try zoo.add("lora", named: "two", seed: 11)
    var alone: [Tensor] = []
    for (row, name) in ["one", "two"].enumerated() {
      try zoo.model.activate([name])
      alone.append(try zoo().slice(0, row..<(row + 1)))
    }
    let together = try zoo.model.withAdapters(byRow: ["one", "two"]) { try zoo() }
    for (row, wanted) in alone.enumerated() {
      #expect(try together.slice(0, row..<(row + 1)).relativeError(to: wanted) < 1e-5, "row \(row)")
    }
  }

  /// Ranks and alphas of each layer's own; see PEFT's `TestMultiRankAdapter`.
  @Test func layersMayHaveRanksOfTheirOwn() throws {
    let zoo = try Zoo()
    let lora = try LoRA([
      "target_modules": ["up", "across", "filter", "table"], "r": 4, "lora_alpha": 8,
      "rank_pattern": ["up": 2, "filter": 3], "alpha_pattern": ["across": 2],
    ])
    try zoo.model.add(lora)
    let updates = try zoo.model.folder().updates().updates
    #expect(updates.map(\.layer) == ["across", "filter", "table", "up"])
    #expect(updates.map(\.rank) == [4, 3, 4, 2])
    #expect(updates.map(\.scale) == [0.5, 8.0 / 3, 2, 4])
  }

  /// A merge that fails leaves nothing behind; see PEFT's `test_safe_merge`.
  @Test func aMergeThatFailsChangesNothing() throws {
    let zoo = try Zoo()
    let weights = try zoo.weights()
    try zoo.add("lora", named: "one")
    try zoo.add("bottleneck", named: "two")
    try zoo.model.activate(["one", "two"])
    let y = try zoo()
    #expect(throws: AdapterError.self) { try zoo.model.merge() }
    #expect(!zoo.model.isMerged("one") && !zoo.model.isMerged("two"))
    #expect(try same(zoo.weights(), weights))
    #expect(try zoo().isIdentical(to: y))
  }
}
