import Configuration
import JSON
import NN

/// Fields of `LoraConfig` that do not change what the adapter computes here, or are refused.
///
/// They are read, kept and written, so that a file goes through unchanged.
public struct LoRAExtras: Sendable {
  var values = JSONObject()

  /// Each with the default that Hugging Face PEFT writes.
  private static let defaults: [(key: String, value: JSONValue, help: String)] = [
    ("arrow_config", .null, "routing between adapters"),
    ("corda_config", .null, "settings of the CorDA initialization"),
    ("ensure_weight_tying", false, "keep tied modules tied when they are trained"),
    ("eva_config", .null, "settings of the EVA initialization"),
    ("fan_in_fan_out", false, "whether weights are stored [in, out]; found out from the layer"),
    ("kasa_config", .null, "settings of KaSA"),
    ("loftq_config", [:], "settings of the LoftQ initialization"),
    ("lora_ga_config", .null, "settings of the LoRA-GA initialization"),
    ("megatron_config", .null, "of another runtime; kept"),
    ("megatron_core", "megatron.core", "of another runtime; kept"),
    ("monteclora_config", .null, "settings of MonteCLoRA"),
    ("qalora_group_size", 16, "inputs that share a column of A in QA-LoRA"),
    ("use_bdlora", .null, "block-diagonal A or B"),
    ("use_qalora", false, "give A the means of groups of inputs (QA-LoRA)"),
    ("velora_config", .null, "settings of VeLoRA"),
  ]

  public subscript(key: String) -> JSONValue {
    get { values[key] ?? Self.defaults.first { $0.key == key }?.value ?? .null }
    set { values[key] = newValue }
  }

  /// Fields that change what an adapter computes in ways that are not here; ignoring them would give wrong outputs.
  private static let unsupported: Set<String> = [
    "arrow_config", "kasa_config", "monteclora_config",
    "use_bdlora", "velora_config",
  ]

  /// - Throws: ``ConfigurationError`` for a field that is set and not supported.
  func validate() throws {
    for (key, value) in values where Self.unsupported.contains(key) {
      let isEmpty = value.isNull || value.boolValue == false || value.arrayValue?.isEmpty == true
      guard !isEmpty, value.objectValue?.isEmpty != true else { continue }
      throw ConfigurationError(
        key, value: value.serialized(), rule: "is not supported here: use an adapter without it")
    }
  }

  static func fields<Root>(at path: any WritableKeyPath<Root, LoRAExtras> & Sendable) -> [Field<Root>] {
    defaults.map { entry in
      let key = entry.key
      return Field(key, entry.help, get: { $0[keyPath: path][key] }, set: { $0[keyPath: path][key] = $1 })
    }
  }
}

extension LoRAExtras {
  /// Notes in `fan_in_fan_out` how a model keeps its weights, as Hugging Face PEFT writes it.
  mutating func note(_ layers: [any AdaptableLayer]) {
    if layers.contains(where: \.storesInputsFirst) { values["fan_in_fan_out"] = true }
  }
}

extension AdaptableLayer {
  /// Whether the weight is stored [in, out].
  var storesInputsFirst: Bool { if case .transposedLinear = kind { true } else { false } }
}

extension LoRA {
  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    targeting.modules = targeting.modules ?? traits.usualTargets.map(ModuleSelection.names)
    taskSpecific.note(layers)
  }
}
