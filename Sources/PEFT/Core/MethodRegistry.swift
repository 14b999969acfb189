import Configuration
import JSON

/// Every method, by the name on the command line and by `peft_type`.
public enum MethodRegistry {
  public struct Entry: Sendable {
    /// The name on the command line.
    public let name: String
    public let summary: String
    let peftType: String
    let make: @Sendable (JSONObject) throws -> any AdapterMethod
    /// Fields that the name alone sets.
    let preset: JSONObject

    init<Method: AdapterMethod>(
      _ name: String, _ type: Method.Type, _ summary: String, preset: JSONObject = JSONObject()
    ) {
      (self.name, self.summary, self.preset) = (name, summary, preset)
      peftType = Method.peftType
      make = { try Method($0) }
    }
  }

  public static let entries: [Entry] = [
    Entry(
      "lora", LoRA.self, "low-rank update of each weight (Hu et al. 2021)", preset: ["use_dora": false]),
    Entry("rslora", LoRA.self, "LoRA scaled by 1/sqrt(r) (Kalajdzievski 2023)", preset: ["use_rslora": true]),
    Entry(
      "dora", LoRA.self, "LoRA with trained row magnitudes (Liu et al. 2024)", preset: ["use_dora": true]),
    Entry("adalora", AdaLoRA.self, "triplets pruned to a shared budget (Zhang et al. 2023)"),
    Entry(
      "edora", EDoRA.self, "an r x r matrix between frozen singular vectors, with magnitudes (Nasiri 2025)",
      preset: ["use_magnitude": true]),
    Entry(
      "lora-xs", EDoRA.self, "EDoRA without magnitudes (Balazy et al. 2024)", preset: ["use_magnitude": false]
    ),
    Entry("ia3", IA3.self, "learned scales of inputs or outputs (Liu et al. 2022)"),
    Entry("ln-tuning", LNTuning.self, "normalization layers trained whole (Zhao et al. 2023)"),
    Entry("bitfit", BitFit.self, "biases alone (Ben Zaken et al. 2022)"),
    Entry("prompt-tuning", PromptTuning.self, "learned vectors before the text (Lester et al. 2021)"),
    Entry("p-tuning", PTuning.self, "such vectors, made by a network in training (Liu et al. 2021)"),
    Entry("prefix-tuning", PrefixTuning.self, "learned keys and values in every layer (Li and Liang 2021)"),
    Entry("bottleneck", Bottleneck.self, "small networks after layers (Houlsby et al. 2019)"),
    Entry("trainable-tokens", TrainableTokens.self, "rows of the embedding for chosen tokens"),
  ]

  /// The method called `name` on the command line, with the fields in `object` set.
  ///
  /// - Throws: ``ConfigurationError`` naming the nearest method, or the field that is wrong.
  public static func method(named name: String, _ object: JSONObject = JSONObject()) throws
    -> any AdapterMethod
  {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw unknown("method", name, among: entries.map(\.name))
    }
    var fields = entry.preset
    for (key, value) in object { fields[key] = value }
    return try entry.make(fields)
  }

  /// The fields that a name on the command line sets by itself, such as `use_dora`.
  public static func preset(of name: String) -> JSONObject {
    entries.first { $0.name == name }?.preset ?? [:]
  }

  static func method(peftType: String, _ object: JSONObject) throws -> any AdapterMethod {
    guard let entry = entries.first(where: { $0.peftType == peftType.uppercased() }) else {
      throw unknown("peft_type", peftType, among: Set(entries.map(\.peftType)).sorted())
    }
    return try entry.make(object)
  }

  private static func unknown(_ field: String, _ name: String, among known: [String]) -> ConfigurationError {
    let nearest = NearestName.find(name.lowercased(), among: known.map { $0.lowercased() })
    let hint = nearest.map { " (did you mean \($0)?)" } ?? ""
    return ConfigurationError(
      field, value: "'\(name)'", rule: "must be one of \(known.joined(separator: ", "))\(hint)")
  }
}
