import Configuration
import Foundation
import JSON
import NN
import Testing
import Torch

@testable import PEFT

/// Adapters whose base has other names now; see PEFT's `TestLoadPeftKeyMapping`.
struct KeyMappingTests {
  /// Two layers under `prefix`.
  private func model(_ prefix: String) throws -> AdaptedModel {
    let store = try VariableStore(seed: 3)
    var path = store.root
    for part in prefix.split(separator: ".") { path = path / String(part) }
    _ = try Linear(path / "layers" / 0 / "up", in: 6, out: 8)
    _ = try Linear(path / "layers" / 1 / "up", in: 8, out: 5)
    return try AdaptedModel(store)
  }

  private func adapter(_ prefix: String, _ fields: JSONObject) throws -> AdapterFolder {
    let model = try model(prefix)
    try model.add(LoRA(fields))
    return try model.folder()
  }

  static let prefixes = [
    ("model", "model.language_model"), ("model.language_model", "model"), ("", "inner"), ("inner", ""),
  ]

  @Test(arguments: prefixes)
  func anErrorSuggestsTheMappingThatHelps(old: String, new: String) throws {
    let fields: JSONObject = ["target_modules": ["up"], "r": 2]
    let folder = try adapter(old, fields)
    let target = try model(new)
    let error = try #require(throws: AdapterError.self) { try target.load(folder) }
    let parts = error.description.components(separatedBy: "--key-mapping '")
    let mapping = try #require(parts.count == 2 ? parts[1].dropLast() : nil, "\(error)")
    try target.load(folder.renamed(by: KeyMapping([String(mapping)])))
    #expect(target.names == ["default"])
  }

  @Test func patternsAndFullNamesMoveToo() throws {
    for modules in [".*up", ["model.layers.0.up", "model.layers.1.up"], ["up"]] as [JSONValue] {
      let folder = try adapter(
        "model",
        [
          "target_modules": modules, "r": 2, "rank_pattern": ["model.layers.1.up": 3],
          "alpha_pattern": ["layers.0.up": 4],
        ])
      let target = try model("backbone.text")
      try target.load(folder.renamed(by: KeyMapping(["^model\\.=backbone.text."])))
      let updates = try target.folder().updates().updates
      #expect(updates.map(\.rank) == [2, 3])
      #expect(updates.map(\.scale) == [2, 8.0 / 3])
    }
  }

  @Test func nothingFitsSoNothingIsSuggested() throws {
    let folder = try adapter("model", ["target_modules": ["up"], "r": 2])
    var other = folder
    for (key, tensor) in folder.tensors {
      other.tensors[key] = nil
      other.tensors[key.replacing("up", with: "down")] = tensor
    }
    let error = try #require(throws: AdapterError.self) { try model("model").load(other) }
    #expect(!error.description.contains("--key-mapping"))
  }

  @Test(arguments: ["model", "=x", "(=x"])
  func wrongMappingsAreRefused(text: String) {
    #expect(throws: AdapterError.self) { try KeyMapping([text]) }
  }

  @Test func twoTensorsCannotShareAName() throws {
    let folder = try adapter("model", ["target_modules": ["up"], "r": 2])
    #expect(throws: AdapterError.self) { try folder.renamed(by: KeyMapping(["\\d+=0"])) }
  }
}
