import Configuration
import JSON
import NN
import Safetensors
import Testing
import Torch

@testable import PEFT

/// Combinations as PEFT's `add_weighted_adapter` makes them; see `Tests/Golden/make_combinations.py`.
struct CombinationGoldenTests {
  static let cases = (try? Golden.json("combinations/cases.json"))?.objectValue ?? JSONObject()
  static let names = cases["combinations"]?.objectValue?.keys ?? []

  /// Adapter `name` of the given ones, as a folder.
  static func adapter(_ name: String) throws -> AdapterFolder {
    let given = try SafetensorsFile(path: "\(Golden.folder)/combinations/given.safetensors").allTensors()
    let fields = try #require(cases["adapters"]?[name]?.objectValue)
    var tensors: [String: Tensor] = [:]
    for layer in ["first", "second"] {
      for factor in ["lora_A", "lora_B"] {
        tensors["base_model.model.\(layer).\(factor).weight"] = given["\(name).\(layer).\(factor)"]
      }
    }
    var object = fields
    object["target_modules"] = ["first", "second"]
    return AdapterFolder(configuration: AdapterConfiguration(try LoRA(object)), tensors: tensors)
  }

  @Test func thereAreCases() { #expect(Self.names.count == 16) }

  @Test(arguments: names)
  func factorsAndDeltasEqualPEFTs(name: String) throws {
    let example = try #require(Self.cases["combinations"]?[name]?.objectValue)
    var fields: JSONObject = ["combination": example["combination_type"] ?? .null]
    for (key, value) in example where key != "adapters" && key != "combination_type" {
      fields[key == "svd_rank" ? "rank" : key] = value
    }
    let combination = try Combination(fields)
    let adapters = try (example["adapters"]?.arrayValue ?? []).compactMap(\.stringValue).map(Self.adapter)
    let combined = try Combiner(combination).combine(adapters.map { AdapterSource($0) })
    let golden = try SafetensorsFile(path: "\(Golden.folder)/combinations/\(name).safetensors").allTensors()
    let updates = try combined.updates().updates
    #expect(updates.map(\.layer) == ["first", "second"])
    for update in updates {
      let delta = try #require(golden["\(update.layer).delta"])
      #expect(try update.delta().relativeError(to: delta) < 2e-6)
      let (a, b) = (
        try #require(golden["\(update.layer).lora_A"]), try #require(golden["\(update.layer).lora_B"])
      )
      #expect(update.a.shape == a.shape && update.b.shape == b.shape)
      guard !combination.kind.factorsAgain else { continue }
      #expect(try update.a.relativeError(to: a) < 1e-6 && update.b.relativeError(to: b) < 1e-6)
    }
  }
}
