import Configuration
import Files
import Foundation
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// What must hold for every way to start LoRA's factors.
struct InitializationPropertyTests {
  /// Every name, the open one with a number in it.
  static let names = LoRAInitialization.names.map { $0.replacingOccurrences(of: "_N", with: "_8") }.filter {
    $0 != "false"
  }
  static let changing = names.filter { LoRAInitialization(.string($0)).changesBase }
  static let subtracting = changing.filter { $0 != "loftq" }

  private func method(_ name: String, _ fields: JSONObject = [:]) throws -> LoRA {
    var object: JSONObject = [
      "r": 4, "lora_alpha": 6, "target_modules": "all-linear",
      "init_lora_weights": name == "true" ? true : .string(name),
    ]
    for (key, value) in fields { object[key] = value }
    return try LoRA(object)
  }

  private func randomize(_ stack: Stack, _ name: String = "default") throws {
    let generator = try Generator(seed: 9)
    try withoutGradients {
      for entry in stack.model.parameters(of: name) where entry.parameter.isLearned {
        try entry.parameter.tensor.add_(
          Tensor.randn(entry.parameter.tensor.shape, generator: generator) * 0.2)
      }
    }
  }

  @Test(arguments: names, [false, true])
  func theBaseComesBackBitForBit(name: String, usesDoRA: Bool) throws {
    guard !usesDoRA || name != "loftq" else { return }
    let stack = try Stack()
    let (x, weights) = (
      try Stack.batch(0), try stack.store.layers.map { try $0.weight.dense(.float32).clone() }
    )
    let before = try stack(x)
    try stack.model.add(method(name, ["use_dora": .bool(usesDoRA)]), calibration: stack.calibration)
    // LoftQ rounds; all others begin where the base is.
    #expect(try stack(x).relativeError(to: before) < (name == "loftq" ? 0.2 : 1e-5))
    try randomize(stack)
    let adapted = try stack(x)
    #expect(try adapted.relativeError(to: before) > 0.05)
    let bare = try stack.model.withAdaptersDisabled { try stack(x) }
    #expect(try bare.isIdentical(to: before))
    try stack.model.merge()
    #expect(try stack(x).relativeError(to: adapted) < 1e-5)
    stack.model.unmerge()
    try stack.model.delete("default")
    #expect(try stack(x).isIdentical(to: before))
    for (layer, weight) in zip(stack.store.layers, weights) {
      #expect(try layer.weight.dense(.float32).isIdentical(to: weight))
    }
  }

  @Test(arguments: subtracting)
  func mergingAtTheStartGivesTheBase(name: String) throws {
    let stack = try Stack()
    let weights = try stack.store.layers.map { try $0.weight.dense(.float32).clone() }
    try stack.model.add(method(name), calibration: stack.calibration)
    try stack.model.merge()
    for (layer, weight) in zip(stack.store.layers, weights) {
      #expect(try layer.weight.dense(.float32).relativeError(to: weight) < 1e-6)
    }
  }

  @Test(arguments: names, [false, true])
  func savingAndLoadingChangeNothing(name: String, usesDoRA: Bool) throws {
    guard !usesDoRA || name != "loftq" else { return }
    let folder = try TemporaryFolder()
    let stack = try Stack()
    let x = try Stack.batch(1)
    try stack.model.add(method(name, ["use_dora": .bool(usesDoRA)]), calibration: stack.calibration)
    try randomize(stack)
    let adapted = try stack(x)
    try stack.model.save(to: folder.path)
    #expect(Folder.hasFile(folder.file(AdapterFolder.initialName)) == Self.subtracting.contains(name))
    let again = try Stack()
    try again.model.load(folder: folder.path)
    #expect(try again(x).isIdentical(to: adapted))
    #expect(
      try again.model.folder(of: "default").initial.count == stack.model.folder(of: "default").initial.count)
    // Written over with an adapter that has no start, the folder loses the file.
    var plain = try stack.model.folder(of: "default")
    plain.initial = [:]
    try plain.write(to: folder.path)
    #expect(!Folder.hasFile(folder.file(AdapterFolder.initialName)))
  }

  @Test(arguments: ["pissa", "pissa_niter_8", "olora", "loftq"])
  func aFolderWithoutTheStartIsWorkedOutFromTheBase(name: String) throws {
    let stack = try Stack()
    let x = try Stack.batch(1)
    try stack.model.add(method(name))
    try randomize(stack)
    var folder = try stack.model.folder(of: "default")
    folder.initial = [:]
    let again = try Stack()
    try again.model.load(folder)
    #expect(try again(x).relativeError(to: stack(x)) < 1e-5)
  }

  @Test func whatCannotBeWorkedOutIsRefusedOrTold() throws {
    let stack = try Stack()
    try stack.model.add(method("corda"), calibration: stack.calibration)
    var folder = try stack.model.folder(of: "default")
    folder.initial = [:]
    let error = try #require(throws: AdapterError.self) { try Stack().model.load(folder) }
    #expect(error.description.contains("adapter_initial.safetensors") && error.description.contains("corda"))
    try stack.model.add(method("lora_ga"), named: "ga", calibration: stack.calibration)
    folder = try stack.model.folder(of: "ga")
    folder.initial = [:]
    // PEFT takes such an adapter as it is, for a base that has the difference already.
    let report = try Stack().model.load(folder)
    #expect(report.injection.warnings.count == 1)
  }

  @Test(arguments: subtracting, [JSONObject(), ["use_rslora": true], ["use_dora": true]])
  func anOrdinaryLoRAHasTheSameOutput(name: String, fields: JSONObject) throws {
    var fields = fields
    fields["rank_pattern"] = ["third": 2]
    fields["alpha_pattern"] = ["first": 3]
    let stack = try Stack()
    let x = try Stack.batch(2)
    try stack.model.add(method(name, fields), calibration: stack.calibration)
    try randomize(stack)
    let adapted = try stack(x)
    let folder = try TemporaryFolder()
    try stack.model.save(to: folder.path, asOrdinaryLoRA: true)
    let ordinary = try AdapterFolder(path: folder.path)
    #expect(ordinary.initial.isEmpty && ordinary.configuration.json["init_lora_weights"] == true)
    let again = try Stack()
    try again.model.load(ordinary)
    #expect(try again(x).relativeError(to: adapted) < 1e-5)
  }

  @Test func adaptersThatTakeSomethingOffTheBaseCombine() throws {
    let stack = try Stack()
    let x = try Stack.batch(0)
    let before = try stack.store.layers[0].untouchedMatrix().clone()
    var whole = before
    for (name, kind) in [("one", "pissa"), ("two", "olora"), ("three", "true")] {
      try stack.model.add(method(kind), named: name)
      try randomize(stack, name)
      let (a, b) = try stack.factors("first", of: name)
      let initial = try stack.model.folder(of: name).initial
      var delta = try b.mm(a)
      if let a0 = initial[AdaptedModel.key("first", "lora_A.weight")],
        let b0 = initial[AdaptedModel.key("first", "lora_B.weight")]
      {
        delta = try delta - b0.mm(a0)
      }
      whole = try whole.adding(delta, scale: 1.5)
    }
    try stack.model.activate(["one", "two", "three"])
    let output = try stack(x)
    try stack.model.merge()
    #expect(try stack(x).relativeError(to: output) < 1e-5)
    #expect(try stack.store.layers[0].weight.dense(.float32).relativeError(to: whole) < 1e-5)
  }

  @Test func aRoundedBaseLiesBelowOtherAdapters() throws {
    let stack = try Stack()
    let x = try Stack.batch(0)
    try stack.model.add(method("true"), named: "one")
    try randomize(stack, "one")
    try stack.model.add(method("loftq"), named: "two")
    try stack.model.activate(["one", "two"])
    let output = try stack(x)
    try stack.model.merge(["one"])
    #expect(try stack(x).relativeError(to: output) < 1e-5)
    try stack.model.merge(["two"])
    #expect(try stack(x).relativeError(to: output) < 1e-5)
  }

  @Test(arguments: ["pissa", "eva", "lora_ga", "mica"])
  func gradientsReachWhatIsTrainedAndNothingElse(name: String) throws {
    let stack = try Stack()
    try stack.model.add(method(name), calibration: stack.calibration)
    try stack(Stack.batch(0)).square().sum().backward()
    for entry in stack.model.parameters() {
      #expect((entry.parameter.tensor.grad != nil) == entry.parameter.isLearned, "\(entry.name)")
    }
    #expect(stack.model.parameters().contains { !$0.parameter.isLearned } == (name == "mica"))
    #expect(stack.model.initialParameters(of: "default").allSatisfy { !$0.parameter.tensor.requiresGrad })
  }

  @Test func micaFreezesTheMinorDirectionsOfAnEmbedding() throws {
    let store = try VariableStore(seed: 2)
    let table = try Embedding(store.root / "table", entries: 12, size: 6)
    let model = try AdaptedModel(store)
    try model.add(LoRA(["r": 2, "target_modules": ["table"], "init_lora_weights": "mica"]))
    let b = try #require(model.parameters().first { $0.name.hasSuffix("lora_embedding_B") })
    #expect(!b.parameter.isLearned)
    let values = try table.weight.dense(.float32).singularValues().array(of: Float.self)
    let lengths = try table.weight.dense(.float32).mm(b.parameter.tensor).norm([0]).array(of: Float.self)
    for (length, value) in zip(lengths, values.suffix(2)) { #expect(abs(length - value) < 1e-5) }
  }

  // MARK: What makes no sense

  static let mistakes: [(JSONObject, String)] = [
    (["init_lora_weights": "pisa"], "init_lora_weights is 'pisa': must be one of"),
    (["init_lora_weights": "pissa_niter_x"], "(did you mean pissa_niter_N?)"),
    (["init_lora_weights": 3], "init_lora_weights is 3: must be one of"),
    (["init_lora_weights": "orthogonal", "r": 3], "r is 3: must be even"),
    (
      ["init_lora_weights": "orthogonal", "rank_pattern": ["first": 5]],
      "rank_pattern[first] is 5: must be even"
    ),
    (["init_lora_weights": "pissa", "lora_alpha": 0], "lora_alpha is 0.0: must be more than 0"),
    (["init_lora_weights": "pissa", "lora_bias": true], "lora_bias is true: needs init_lora_weights"),
    (["init_lora_weights": "eva", "eva_config": ["rho": 0.5]], "eva_config.rho is 0.5: must be at least 1"),
    (["init_lora_weights": "eva", "eva_config": ["tau": 2]], "eva_config.tau is 2"),
    (["init_lora_weights": "eva", "eva_config": ["roh": 2]], "'roh' is none of"),
    (["init_lora_weights": "eva", "eva_config": 7], "eva_config is 7: must be an object or null"),
    (
      ["init_lora_weights": "corda", "corda_config": ["corda_method": "imp"]],
      "corda_config.corda_method is \"imp\": must be one of ipm, kpm"
    ),
    (
      ["init_lora_weights": "lora_ga", "lora_ga_config": ["stable_gamma": 0]],
      "lora_ga_config.stable_gamma is 0.0: must be more than 0"
    ),
    (["init_lora_weights": "loftq", "loftq_config": ["loftq_bits": 3]], "loftq_config.loftq_bits is 3"),
    (["init_lora_weights": "loftq", "loftq_config": ["loftq_iter": 0]], "loftq_config.loftq_iter is 0"),
    (["init_lora_weights": "loftq", "use_dora": true], "use_dora is true: cannot be combined"),
  ]

  @Test(arguments: mistakes)
  func fieldsThatMakeNoSenseAreNamed(fields: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try LoRA(fields) }
    #expect(error.description.contains(message), "\(error)")
  }

  @Test func adaLoRAStartsInItsOwnWay() throws {
    let error = try #require(throws: ConfigurationError.self) { try AdaLoRA(["init_lora_weights": "pissa"]) }
    #expect(error.field == "init_lora_weights")
  }

  @Test(arguments: [("pissa", 9, 8), ("olora", 9, 8), ("mica", 9, 8), ("loftq", 9, 8), ("lora_ga", 5, 4)])
  func aRankThatALayerDoesNotHaveIsRefused(name: String, rank: Int, limit: Int) throws {
    let stack = try Stack()
    let error = try #require(throws: ConfigurationError.self) {
      try stack.model.add(method(name, ["r": .int(rank)]), calibration: stack.calibration)
    }
    #expect(error.description.hasPrefix("r is \(rank): must be at most \(limit) for second"))
    #expect(stack.model.names.isEmpty && stack.store.layers.allSatisfy { $0.slot.entries.isEmpty })
  }

  @Test(arguments: ["pissa", "eva", "orthogonal"])
  func anEmbeddingIsRefusedWithItsName(name: String) throws {
    let store = try VariableStore(seed: 2)
    _ = try Embedding(store.root / "table", entries: 12, size: 6)
    let model = try AdaptedModel(store)
    let error = try #require(throws: ConfigurationError.self) {
      try model.add(
        LoRA(["r": 2, "target_modules": ["table"], "init_lora_weights": .string(name)]),
        calibration: Calibration(count: 1) { _ in Calibration.Batch { try .zeros([]) } })
    }
    #expect(error.description.contains("cannot start table"))
  }

  @Test(arguments: ["eva", "corda", "lora_ga"])
  func dataThatIsMissingOrUselessIsTold(name: String) throws {
    let stack = try Stack()
    for calibration in [nil, Calibration(count: 0) { _ in throw AdapterError("never asked") }] {
      let error = try #require(throws: AdapterError.self) {
        try stack.model.add(method(name), calibration: calibration)
      }
      #expect(error.description.contains("depends on data"))
    }
    // Batches that reach no layer, and one that fails in the middle.
    let unreached = Calibration(count: 1) { _ in Calibration.Batch { try Tensor.zeros([]).requireGrad() } }
    let error = try #require(throws: AdapterError.self) {
      try stack.model.add(method(name), calibration: unreached)
    }
    #expect(error.description.contains("first"))
    struct Broken: Error {}
    #expect(throws: Broken.self) {
      try stack.model.add(
        method(name), calibration: Calibration(count: 1) { _ in Calibration.Batch { throw Broken() } })
    }
    #expect(stack.store.layers.allSatisfy { $0.slot.entries.isEmpty } && stack.model.names.isEmpty)
  }

  @Test func calibrationLeavesOtherAdaptersAsTheyWere() throws {
    let stack = try Stack()
    let x = try Stack.batch(0)
    try stack.model.add(method("true"), named: "one")
    try randomize(stack, "one")
    let adapted = try stack(x)
    let alone = try Stack()
    try alone.model.add(method("eva"), calibration: alone.calibration)
    try stack.model.add(method("eva"), named: "two", calibration: stack.calibration)
    // What is looked at is the base, whatever else is active.
    let (mine, right) = (try stack.factors("first", of: "two"), try alone.factors("first"))
    #expect(try mine.a.isIdentical(to: right.a))
    try stack.model.activate(["one"])
    #expect(try stack(x).isIdentical(to: adapted))
    try stack.model.merge()
    #expect(throws: AdapterError.self) {
      try stack.model.add(method("eva"), named: "three", calibration: stack.calibration)
    }
  }

  /// Query and value read the same input: one set of components, but factors of their own.
  @Test func layersThatReadTheSameInputShareComponentsNotFactors() throws {
    let store = try VariableStore(seed: 1)
    let group = try LinearGroup(["q", "v"].map { try Linear(store.root / $0, in: 6, out: 5) })
    let model = try AdaptedModel(store)
    let x = try Tensor.randn([20, 6], generator: Generator(seed: 2))
    let calibration = Calibration(count: 1) { _ in
      Calibration.Batch { try group(x).map { try $0.mean() }.reduce(.zeros([])) { try $0 + $1 } }
    }
    try model.add(
      LoRA(["r": 2, "target_modules": "all-linear", "init_lora_weights": "eva", "eva_config": ["rho": 1]]),
      calibration: calibration)
    let factors = model.parameters().filter { $0.name.hasSuffix("lora_A.weight") }.map(\.parameter.tensor)
    #expect(factors.count == 2)
    #expect(try factors[0].isIdentical(to: factors[1]))
    try withoutGradients { _ = try factors[0].zero_() }
    #expect(try factors[1].norm().item(of: Float.self) > 1)
  }

  @Test func onlyTextWithTargetsIsLookedAt() throws {
    let batch = Calibration.Batch(
      isText: try Tensor([true, true, false, true, true, true], shape: [2, 3]),
      hasTarget: try Tensor([false, true, true, true, false, true], shape: [2, 3])
    ) { try .zeros([]) }
    let x = try Tensor((0..<12).map(Float.init), shape: [2, 3, 2])
    #expect(try batch.rows(of: x, targetsOnly: false).shape == [5, 2])
    let rows = try batch.rows(of: x, targetsOnly: true)
    #expect(try rows.array(of: Float.self) == [2, 3, 6, 7, 10, 11])
    // An input that is not by token is taken whole.
    #expect(try batch.rows(of: x.select(1, 0), targetsOnly: true).shape == [2, 2])
  }

  @Test func moreSharesOfLayersGiveTheSame() throws {
    let stack = try Stack()
    let shares = try LayerShares(stack.store.layers, limit: 10) { $0.name == "first" ? 4 : 6 }.shares
    #expect(shares.map { $0.map(\.name) } == [["first", "second"], ["third"]])
    #expect(try LayerShares(stack.store.layers, limit: 1) { _ in 5 }.shares.count == 3)
  }
}

/// A folder that goes when the value does.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = Folder.join(NSTemporaryDirectory(), "peft-test-\(UInt64.random(in: .min ... .max))")
    try Folder.create(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { Folder.join(path, name) }
}
