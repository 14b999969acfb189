import ArgumentParser
import Configuration
import JSON
import Models
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
  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      "How A and B of LoRA start: \(LoRAInitialization.names.joined(separator: ", ")) (default: true). "
        + "eva, corda and lora_ga look at data first; their settings go into --adapter-config.",
      valueName: "name"))
  var initialization: String?
  @Option(help: "Batches that eva, corda and lora_ga look at, at most.") var calibrationBatches = 32
  @Option(
    help: "With --init loftq on a base that is kept in few bits already: the folder of what it was before.")
  var originals: String?
  @Flag(
    help: ArgumentHelp(
      "Write an ordinary LoRA on the untouched base, at twice the rank, where an initialization (pissa, olora, corda, "
        + "lora_ga) took something off it."))
  var convertToLora = false
  @Option(help: "Features inside a bottleneck adapter (default: a sixteenth of the layer's).")
  var bottleneckSize: Int?
  @Option(help: "Tokens of a prompt or prefix (default: 20).") var virtualTokens: Int?
  @Option(help: "The text that a prompt starts from.") var promptText: String?
  @Option(help: "An adapter_config.json with any of the method's fields.") var adapterConfig: String?
  @Option(help: "An adapter to begin with: a folder or a hub id.") var initAdapter: String?

  var isFull: Bool { method == "full" }

  func validate() throws {
    let names = ["full"] + MethodRegistry.entries.map(\.name)
    if let method, !names.contains(method) {
      throw ValidationError(
        "--method is '\(method)'\(Suggestion.hint(method, among: names)): must be one of \(names.joined(separator: ", "))"
      )
    }
    if calibrationBatches < 1 {
      throw ValidationError("--calibration-batches is \(calibrationBatches): must be at least 1")
    }
    if isFull, !settings.isEmpty || convertToLora || adapterConfig != nil || initAdapter != nil {
      throw ValidationError("--method full trains all weights: leave out the flags of adapters")
    }
  }

  /// The folder of what the base was before it was rounded, if anything looks at it.
  ///
  /// - Throws: ``Failure`` when nothing does.
  func originals(for adapter: AdapterConfiguration?) throws -> String? {
    let start = (adapter?.method as? LoRA)?.initialization.json
    guard originals == nil || start == "loftq" else {
      throw Failure(.usage, "--originals is for --init loftq: add it, or leave out --originals")
    }
    return originals
  }

  /// The adapter's configuration; nil to train all weights.
  func configuration() throws -> AdapterConfiguration? {
    guard !isFull else { return nil }
    var object = try adapterConfig.map(Self.read) ?? JSONObject()
    var known = try initAdapter.map { try AdapterFolder(path: ModelFolder($0).path).configuration }
    if let own = known {
      var merged = own.json
      for (key, value) in object { merged[key] = value }
      object = merged
    } else if object["peft_type"] != nil {
      known = try AdapterConfiguration(object)
    }
    try setFlags(in: &object, of: known?.method ?? named(method ?? "lora", [:]))
    guard var configuration = known else {
      return AdapterConfiguration(try named(method ?? "lora", object))
    }
    if let method {
      try apply(method, to: &object)
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

  /// A name on the command line says more than a file, which has every field; an adapter stays what it is.
  private func apply(_ method: String, to object: inout JSONObject) throws {
    for (key, value) in MethodRegistry.preset(of: method) {
      guard initAdapter == nil || object[key] == nil || object[key] == value else {
        throw Failure(
          .usage,
          "--method is \(method), but the adapter's configuration has \(key) otherwise: leave out --method")
      }
      object[key] = value
    }
  }

  private func named(_ name: String, _ object: JSONObject) throws -> any AdapterMethod {
    do {
      return try MethodRegistry.method(named: name, object)
    } catch let error as ConfigurationError where adapterConfig == nil && initAdapter == nil {
      throw Failure(
        .usage,
        settings.first { $0.keys.contains(error.field) }.map {
          "--\($0.flag)" + error.description.dropFirst(error.field.count)
        } ?? error.description)
    }
  }

  /// What the flags set, each with the fields that it may mean, whichever the method has.
  private var settings: [(flag: String, keys: [String], value: JSONValue)] {
    let given: [(String, [String], JSONValue?)] = [
      ("rank", ["target_r", "r"], rank.map(JSONValue.int)),
      ("alpha", ["lora_alpha", "alpha"], alpha.map(JSONValue.double)),
      ("dropout", ["lora_dropout", "dropout", "encoder_dropout"], dropout.map(JSONValue.double)),
      ("target-modules", ["target_modules"], targetModules.map { ModuleSelection(commandLine: $0).json }),
      ("init", ["init_lora_weights", "init_edora_weights"], initialization.map(Self.initialValue)),
      ("bottleneck-size", ["bottleneck_size"], bottleneckSize.map(JSONValue.int)),
      ("virtual-tokens", ["num_virtual_tokens"], virtualTokens.map(JSONValue.int)),
      ("prompt-text", ["prompt_tuning_init_text"], promptText.map(JSONValue.string)),
    ]
    return given.compactMap { flag, keys, value in value.map { (flag, keys, $0) } }
  }

  /// - Throws: ``Failure`` for a flag that means nothing to the method.
  private func setFlags(in object: inout JSONObject, of known: any AdapterMethod) throws {
    let fields = known.json
    for (flag, keys, value) in settings {
      guard let key = keys.first(where: { fields[$0] != nil }) else {
        let name = method ?? type(of: known).peftType
        throw Failure(.usage, "--\(flag) does not apply to \(name): leave it out, or choose another --method")
      }
      if initAdapter != nil, ["r", "target_r"].contains(key), object[key] != value {
        throw Failure(
          .usage,
          "--\(flag) is \(value.serialized()), but the adapter that --init-adapter names has \(object[key]?.serialized() ?? "none"): "
            + "leave it out")
      }
      object[key] = value
      if key == "prompt_tuning_init_text" { object["prompt_tuning_init"] = "TEXT" }
      if key == "target_r", let rank {
        let initial = object["init_r"]?.intValue ?? 0
        object["init_r"] = .int(max(initial, rank < 1 << 20 ? (rank * 3 + 1) / 2 : rank))
      }
    }
  }

  /// `true` and `false` are no text in a configuration.
  private static func initialValue(_ word: String) -> JSONValue {
    switch word {
    case "true": true
    case "false": false
    default: .string(word)
    }
  }

  private static func read(_ path: String) throws -> JSONObject {
    guard let object = try JSONValue.parse(contentsOf: path).objectValue else {
      throw Failure(.badInput, "not a JSON object, \(path): write the fields of an adapter_config.json")
    }
    return object
  }
}
