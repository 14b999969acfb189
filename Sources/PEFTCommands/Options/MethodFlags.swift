import ArgumentParser
import Configuration
import JSON
import PEFT

/// The flags that say what is trained: a method and its main fields, a configuration file, or an adapter to go on with.
struct MethodFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What to train: full for all weights, or \(MethodRegistry.entries.map(\.name).joined(separator: ", ")) "
        + "(default: lora)."))
  var method: String?
  @Option(help: "The rank (AdaLoRA: the average at the end).") var rank: Int?
  @Option(help: "The scale is alpha / rank.") var alpha: Double?
  @Option(help: "Dropout of the adapter's input.") var dropout: Double?
  @Option(
    help:
      "Names with commas between, all-linear, or a regular expression (default: the architecture's usual ones)."
  )
  var targetModules: String?
  @Option(help: "An adapter_config.json with any of the method's fields.") var adapterConfig: String?
  @Option(help: "An adapter folder to begin with.") var initAdapter: String?

  var isFull: Bool { method == "full" }

  func validate() throws {
    let names = ["full"] + MethodRegistry.entries.map(\.name)
    if let method, !names.contains(method) {
      throw ValidationError(
        "--method is '\(method)'\(Suggestion.hint(method, among: names)): must be one of \(names.joined(separator: ", "))"
      )
    }
    if isFull, rank != nil || targetModules != nil || adapterConfig != nil || initAdapter != nil {
      throw ValidationError("--method full trains all weights: leave out the flags of adapters")
    }
  }

  /// The adapter's configuration; nil to train all weights.
  func configuration() throws -> AdapterConfiguration? {
    guard !isFull else { return nil }
    var object = try adapterConfig.map(Self.read) ?? JSONObject()
    var known = try initAdapter.map { try AdapterFolder(path: $0).configuration }
    if let own = known {
      var merged = own.json
      for (key, value) in object { merged[key] = value }
      object = merged
    } else if object["peft_type"] != nil {
      known = try AdapterConfiguration(object)
    }
    try setFlags(in: &object, peftType: known.map { type(of: $0.method).peftType })
    guard var configuration = known else {
      return AdapterConfiguration(try named(method ?? "lora", object))
    }
    if let method {
      let own = type(of: configuration.method).peftType
      configuration.method = try named(method, object)
      guard type(of: configuration.method).peftType == own else {
        throw Failure(
          .usage, "--method is \(method), but the adapter's configuration says \(own): leave out --method")
      }
      return configuration
    }
    return try AdapterConfiguration(object)
  }

  private func named(_ name: String, _ object: JSONObject) throws -> any AdapterMethod {
    do {
      return try MethodRegistry.method(named: name, object)
    } catch let error as ConfigurationError where adapterConfig == nil && initAdapter == nil {
      throw Failure(
        .usage,
        Self.flagNames.reduce("\(error)") { text, pair in
          text.hasPrefix("\(pair.key) is ") ? "--\(pair.flag)" + text.dropFirst(pair.key.count) : text
        })
    }
  }

  private static let flagNames: [(key: String, flag: String)] = [
    ("r", "rank"), ("target_r", "rank"), ("init_r", "rank"), ("lora_alpha", "alpha"),
    ("lora_dropout", "dropout"),
    ("target_modules", "target-modules"),
  ]

  private func setFlags(in object: inout JSONObject, peftType: String?) throws {
    if let rank {
      if peftType == "ADALORA" || method == "adalora" {
        object["target_r"] = .int(rank)
        let initial = object["init_r"]?.intValue ?? 0
        object["init_r"] = .int(max(initial, rank < 1 << 20 ? (rank * 3 + 1) / 2 : rank))
      } else {
        object["r"] = .int(rank)
      }
    }
    if let alpha { object["lora_alpha"] = .double(alpha) }
    if let dropout { object["lora_dropout"] = .double(dropout) }
    if let targetModules { object["target_modules"] = ModuleSelection(commandLine: targetModules).json }
  }

  private static func read(_ path: String) throws -> JSONObject {
    guard let object = try JSONValue.parse(contentsOf: path).objectValue else {
      throw Failure(.badInput, "not a JSON object, \(path): write the fields of an adapter_config.json")
    }
    return object
  }
}
