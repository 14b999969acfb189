import Configuration
import JSON
import Testing

private enum Mode: String, CaseIterable, ConfigurationValue { case fast, exact }

private struct Sample: Configuration {
  var rank = 8
  var dropout = 0.0
  var mode = Mode.fast
  var targets: [String]?

  static let fields: [Field<Sample>] = [
    Field("r", \.rank, "the rank"),
    Field("dropout", \.dropout, "the dropout"),
    Field("mode", \.mode, "the mode"),
    Field("targets", \.targets, "what to adapt"),
  ]

  func validate() throws {
    guard rank > 0 else { throw ConfigurationError("r", value: rank, rule: "must be at least 1") }
  }
}

struct ConfigurationTests {
  @Test func readsWhatIsThereAndDefaultsTheRest() throws {
    let sample = try Sample(["r": 16, "mode": "exact", "targets": ["q", "v"], "other": 1])
    #expect(
      sample.rank == 16 && sample.dropout == 0 && sample.mode == .exact && sample.targets == ["q", "v"])
    #expect(Sample.unknownKeys(in: ["r": 1, "other": 1]) == ["other"])
    #expect(
      JSONValue.object(Sample().json).serialized()
        == #"{"r": 8, "dropout": 0.0, "mode": "fast", "targets": null}"#)
  }

  static let wrong: [(JSONObject, String)] = [
    (["r": "many"], "r is \"many\": must be a whole number"),
    (["r": 1.5], "r is 1.5: must be a whole number"),
    (["mode": "slow"], "mode is \"slow\": must be one of fast, exact"),
    (["targets": [1]], "targets is [1]: must be a list of text or null"),
    (["r": 0], "r is 0: must be at least 1"),
  ]

  @Test(arguments: wrong)
  func wrongValuesAreNamed(object: JSONObject, message: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try Sample(object) }
    #expect(error.description == message)
  }

  @Test(arguments: [("lerning_rate", "learning_rate"), ("alpah", "alpha"), ("q_prj", "q_proj")])
  func slipsAreRecognised(typed: String, meant: String) {
    #expect(NearestName.find(typed, among: ["alpha", "learning_rate", "q_proj", "steps"]) == meant)
    #expect(NearestName.find("xyzzy", among: ["alpha", "learning_rate"]) == nil)
  }
}
