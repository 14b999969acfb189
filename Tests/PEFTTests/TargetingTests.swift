import Configuration
import JSON
import NN
import Testing

@testable import PEFT

/// The verdicts of Hugging Face PEFT on module paths; see `Tests/Golden/make_targeting.py`.
struct TargetingTests {
  private static let golden = try? Golden.json("targeting.json")

  static func cases(_ key: String) -> [JSONValue] { golden?[key]?.arrayValue ?? [] }

  @Test func theTruthTableIsThere() { #expect(Self.cases("rules").count >= 80) }

  @Test(arguments: Self.cases("rules"))
  func verdictsRanksAndAlphasEqualPEFTs(rule: JSONValue) throws {
    let config = try #require(rule["config"]?.objectValue)
    let method = try LoRA(config)
    let selection = try #require(method.targeting.modules)
    for (name, expected) in try #require(rule["modules"]?.objectValue) {
      let verdict = try method.targeting.verdict(name, among: selection)
      let rank = try method.rank(for: name)
      switch expected {
      case .null: #expect(verdict == .other, "\(name)")
      case .string: #expect(verdict == .excluded, "\(name)")
      default:
        #expect(verdict == .matched, "\(name)")
        #expect(rank == expected["r"]?.intValue, "\(name)")
        let alpha = try #require(expected["lora_alpha"]?.doubleValue)
        let scaling = try method.scaling(for: name)
        #expect(scaling * Double(rank) == alpha, "\(name)")
      }
    }
  }

  @Test(arguments: Self.cases("minimal"))
  func longListsAreCondensedAlike(example: JSONValue) throws {
    let (names, others) = (try example.names("targets"), try example.names("others"))
    let minimal = try example.names("minimal")
    #expect(NameCondenser.condense(names, others: others).sorted() == minimal.sorted())
  }

  @Test(arguments: Self.cases("modules_to_save"))
  func modulesToSaveAreWholeNames(example: JSONValue) throws {
    let (wanted, exact) = (try example.names("modules_to_save"), try example.names("exact"))
    for name in try example.names("modules") where exact.contains(name) {
      #expect(wanted.contains { ModulesToSave.isInside(name, $0) }, "\(name)")
    }
    #expect(!ModulesToSave.isInside("model.overhead", "head"))
    #expect(ModulesToSave.isInside("classifier.dense", "classifier"))
  }

  @Test(arguments: [
    ("q_proj,v_proj", ModuleSelection.names(["q_proj", "v_proj"])), (" q_proj , ", .names(["q_proj"])),
    ("all-linear", .allLinear), (#".*\.q_proj"#, .pattern(#".*\.q_proj"#)),
    ("(q|v)_proj", .pattern("(q|v)_proj")),
    ("model.layers.0.q_proj", .names(["model.layers.0.q_proj"])),
  ])
  func theCommandLineTellsListsFromExpressions(text: String, selection: ModuleSelection) {
    #expect(ModuleSelection(commandLine: text) == selection)
  }

  static let invalid: [(JSONObject, String)] = [
    (["r": 0], "r is 0: must be at least 1"),
    (["r": 70_000], "r is 70000: must be at most 65536"),
    (["lora_alpha": .double(.infinity)], "lora_alpha is inf: must be a finite number"),
    (["alpha_pattern": ["q": .double(.nan)]], "alpha_pattern[q] is nan: must be a finite number"),
    (["lora_dropout": 1.0], "lora_dropout is 1.0: must be at least 0 and below 1"),
    (["rank_pattern": ["q": 0]], "rank_pattern[q] is 0: must be at least 1"),
    (["bias": "some"], "bias is \"some\": must be one of none, all, lora_only"),
    (["target_modules": "(", "r": 4], "'(' is not a regular expression: mend it, or give a list of names"),
    (
      ["target_modules": ".*q", "layers_to_transform": [1]],
      "layers_to_transform is [1]: needs target_modules to be a list, not a regular expression"
    ),
    (
      ["target_modules": ["q"], "layers_pattern": "layers"],
      #"layers_pattern is ["layers"]: needs layers_to_transform too"#
    ),
  ]

  @Test(arguments: invalid)
  func inconsistentConfigurationsAreRefused(object: JSONObject, message: String) throws {
    let error = #expect(throws: (any Error).self) { try LoRA(object) }
    #expect(error.map { "\($0)" } == message)
  }
}

extension JSONValue {
  fileprivate func names(_ key: String) throws -> [String] {
    let values = try #require(self[key]?.arrayValue)
    return values.compactMap(\.stringValue)
  }
}
