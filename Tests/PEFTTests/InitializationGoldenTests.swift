import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Three linear layers in a row, the second in Hugging Face's Conv1D layout, as `Tests/Golden/make_inits.py` has them.
struct Stack {
  let store: VariableStore
  let model: AdaptedModel
  private let first, third: Linear
  private let second: TransposedLinear

  static let given = try? SafetensorsFile(path: "\(Golden.folder)/inits/given.safetensors").allTensors()

  init(dtype: DType? = nil) throws {
    let given = try #require(Self.given)
    let base = given.filter { $0.key.hasPrefix("base.") }.map { (String($0.key.dropFirst(5)), $0.value) }
    store = try VariableStore(TensorDictionary(Dictionary(uniqueKeysWithValues: base)), dtype: dtype)
    first = try Linear(store.root / "first", in: 10, out: 14, bias: true)
    second = try TransposedLinear(store.root / "second", in: 14, out: 8)
    third = try Linear(store.root / "third", in: 8, out: 12, bias: true)
    model = try AdaptedModel(store, seed: 4)
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor { try third(second(first(x).tanh()).tanh()) }

  static func batch(_ index: Int) throws -> Tensor { try #require(given?["batch.\(index)"]) }

  /// The four batches with the loss of the reference's preparation.
  var calibration: Calibration {
    Calibration(count: 4) { index in
      let x = try Self.batch(index)
      return Calibration.Batch { try self(x).square().mean() }
    }
  }

  /// The factors of a layer.
  func factors(_ layer: String, of name: String = "default") throws -> (a: Tensor, b: Tensor) {
    let tensors = try model.folder(of: name).tensors
    return (
      try #require(tensors[AdaptedModel.key(layer, "lora_A.weight")]),
      try #require(tensors[AdaptedModel.key(layer, "lora_B.weight")])
    )
  }
}

/// Initialisations against Hugging Face PEFT's.
struct InitializationGoldenTests {
  private static let table = (try? Golden.json("inits/cases.json"))?.objectValue ?? JSONObject()
  static let names = table["cases"]?.objectValue?.keys ?? []

  @Test func thereAreCases() { #expect(Self.names.count >= 14) }

  @Test(arguments: names)
  func factorsEqualPEFTs(name: String) throws {
    let example = try #require(Self.table["cases"]?[name])
    let golden = try SafetensorsFile(path: "\(Golden.folder)/inits/\(name).safetensors").allTensors()
    let method = try LoRA(#require(example["config"]?.objectValue))
    // The reference's random projection is itself 2 % from the exact decomposition.
    let tolerance = name == "pissa-niter" ? 3e-2 : name.hasPrefix("eva") ? 1e-3 : 2e-5
    let stack = try Stack()
    let x = try Stack.batch(0)
    let before = try stack(x)
    let report = try stack.model.add(method, calibration: stack.calibration)
    #expect(report.warnings.isEmpty)
    #expect(try stack(x).relativeError(to: before) < 1e-5)

    let saved = try stack.model.folder(of: "default").configuration
    let lora = try #require(saved.method as? LoRA)
    for (key, value) in try #require(example["after"]?.objectValue) {
      let own = try #require(saved.json[key])
      if key == "alpha_pattern" {
        let (mine, right) = (own.objectValue ?? [:], value.objectValue ?? [:])
        #expect(Set(mine.keys) == Set(right.keys))
        for (layer, alpha) in right { #expect(mine[layer]?.doubleValue == alpha.doubleValue) }
      } else {
        // Objects of patterns are compared without regard to their order.
        #expect(
          Dictionary(uniqueKeysWithValues: (own.objectValue ?? [:]).map { ($0.key, $0.value) })
            == Dictionary(uniqueKeysWithValues: (value.objectValue ?? [:]).map { ($0.key, $0.value) }))
        #expect(own.arrayValue == value.arrayValue)
      }
    }
    for (layer, facts) in try #require(example["layers"]?.objectValue) where !facts.isNull {
      let (a, b) = try stack.factors(layer)
      #expect(a.shape[0] == facts["r"]?.intValue)
      #expect(try lora.scaling(for: layer) == facts["scaling"]?.doubleValue)
      let (rightA, rightB) = (
        try #require(golden["\(layer).lora_A"]), try #require(golden["\(layer).lora_B"])
      )
      if name == "orthogonal" {
        let product: Double = try b.mm(a).abs().max().item()
        #expect(product < 1e-6)
        #expect(try a.norm().item(of: Float.self) > 0.1 && b.norm().item(of: Float.self) > 0.1)
        continue
      }
      // Singular vectors are defined up to their sign.
      #expect(try a.abs().relativeError(to: rightA.abs()) < tolerance, "A of \(layer)")
      #expect(try b.abs().relativeError(to: rightB.abs()) < tolerance, "B of \(layer)")
      let own = try #require(stack.store.layer(named: layer))
      let residual = try own.untouchedMatrix().adding(
        b.mm(a), scale: lora.initialization.changesBase ? -lora.scaling(for: layer) : 0)
      let stored = try #require(golden["\(layer).residual"])
      let right = layer == "second" ? try stored.t() : stored
      // In LoRA-GA the signs of A and B are independent, and with them that of each product.
      if !name.hasPrefix("lora-ga") { #expect(try residual.relativeError(to: right) < tolerance) }
    }
  }

  @Test func theRandomProjectionFindsTheExactDecomposition() throws {
    let exact = try SafetensorsFile(path: "\(Golden.folder)/inits/pissa.safetensors").allTensors()
    let stack = try Stack()
    try stack.model.add(
      LoRA([
        "r": 4, "lora_alpha": 6, "target_modules": "all-linear", "init_lora_weights": "pissa_niter_4",
      ]))
    for layer in ["first", "second", "third"] {
      let (a, b) = try stack.factors(layer)
      let right = try #require(exact["\(layer).lora_B"]).mm(#require(exact["\(layer).lora_A"]))
      #expect(try b.mm(a).relativeError(to: right) < 1e-4, "\(layer)")
    }
  }

  @Test(arguments: ["pissa", "olora"])
  func anOrdinaryLoRAGivesWhatPEFTsConversionGives(kind: String) throws {
    let folder = "\(Golden.folder)/inits/\(kind)-conversion"
    let expected = try SafetensorsFile(path: "\(folder)/expected.safetensors").allTensors()
    let (x, right) = (try #require(expected["input"]), try #require(expected["output"]))
    // A folder of PEFT has no initial factors: they are worked out from the base again.
    let trained = try Stack()
    try trained.model.load(folder: "\(folder)/trained")
    #expect(try trained(x).relativeError(to: right) < 1e-5)
    let converted = try trained.model.folder(of: "default").ordinaryLoRA()
    let reference = try AdapterFolder(path: "\(folder)/converted")
    #expect(converted.configuration.method.json["r"] == reference.configuration.method.json["r"])
    #expect(
      converted.configuration.method.json["lora_alpha"] == reference.configuration.method.json["lora_alpha"])
    #expect(converted.configuration.json["init_lora_weights"] == true)
    for (key, tensor) in reference.tensors { #expect(converted.tensors[key]?.shape == tensor.shape) }
    for adapter in [converted, reference] {
      let plain = try Stack()
      try plain.model.load(adapter)
      #expect(try plain(x).relativeError(to: right) < 1e-5)
    }
  }
}
