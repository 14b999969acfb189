import Configuration
import NN

/// (IA)^3: outputs of layers are multiplied by a learned vector, or, in feed-forward modules, inputs.
///
/// Source: Liu et al. 2022, "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning",
/// section 3.3; fields, defaults and files as Hugging Face PEFT's `IA3Config`.
public struct IA3: AdapterMethod {
  public static let peftType = "IA3"

  public var targeting = Targeting()
  /// Targets whose inputs are scaled; nil for the architecture's usual ones.
  public var feedForward: ModuleSelection?
  public var startsAtOne = true
  /// Found out from the layer; kept for the file.
  public var storesInputsFirst = false

  public init() {}

  public static let fields: [Field<IA3>] = [
    Field("target_modules", \.targeting.modules, "names, a regular expression, or all-linear"),
    Field("feedforward_modules", \.feedForward, "those of them whose inputs are scaled, not their outputs"),
    Field("exclude_modules", \.targeting.excluded, "modules that are never adapted"),
    Field("modules_to_save", \.targeting.modulesToSave, "modules trained whole and saved with the adapter"),
    Field("fan_in_fan_out", \.storesInputsFirst, "whether weights are [in, out]; found out from the layer"),
    Field("init_ia3_weights", \.startsAtOne, "start at one, which changes nothing; false for random"),
  ]

  public func validate() throws {
    try targeting.validate()
    if case .pattern(let text) = feedForward { _ = try NamePattern(text) }
    guard case .names(let inner) = feedForward, case .names(let all) = targeting.modules else { return }
    if let stray = inner.first(where: { !all.contains($0) }) {
      throw ConfigurationError(
        "feedforward_modules", value: "'\(stray)'", rule: "must be among target_modules, \(all.sorted())")
    }
  }

  public func supports(_ kind: LayerKind) -> Bool {
    switch kind {
    case .linear, .transposedLinear, .convolution: true
    case .embedding, .norm, .parameter: false
    }
  }

  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    let usual = Self.usualTargets(of: traits.modelType)
    targeting.modules = targeting.modules ?? usual.map { .names($0.all) }
    feedForward = feedForward ?? .names(usual?.feedForward ?? [])
    if layers.contains(where: \.storesInputsFirst) { storesInputsFirst = true }
  }

  /// Whether the inputs of the layer at path `name` are scaled.
  ///
  /// Names are compared with the end of the path, wherever it is cut, as Hugging Face PEFT does; its files depend on it.
  func isFeedForward(_ name: String) throws -> Bool {
    switch feedForward {
    case nil: false
    case .names(let names): names.contains(where: name.hasSuffix)
    case .pattern(let text): try NamePattern(text).matchesWhole(name)
    }
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    try IA3Layer(layer, scalesInput: isFeedForward(layer.name), startsAtOne: startsAtOne, context)
  }

  /// Source: `TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING` and `..._FEEDFORWARD_MODULES_MAPPING` of PEFT 0.21, and
  /// likewise for families that it lacks.
  static func usualTargets(of modelType: String) -> (all: [String], feedForward: [String])? {
    switch modelType {
    case "llama", "mistral": (["k_proj", "v_proj", "down_proj"], ["down_proj"])
    case "llama4", "llama4_text", "gemma", "gemma2", "gemma3", "gemma3_text", "qwen2", "qwen3", "olmo",
      "olmo2", "olmo3",
      "granite", "cohere", "cohere2", "smollm3":
      (["q_proj", "v_proj", "down_proj"], ["down_proj"])
    case "phi3": (["qkv_proj", "down_proj"], ["down_proj"])
    case "qwen2_moe", "qwen3_moe", "granitemoe", "olmoe": (["k_proj", "v_proj"], [])
    case "mixtral": (["k_proj", "v_proj", "w2"], ["w2"])
    case "phi": (["q_proj", "v_proj", "fc2"], ["fc2"])
    case "opt": (["q_proj", "k_proj", "fc2"], ["fc2"])
    case "bart": (["q_proj", "v_proj", "fc2"], ["fc2"])
    case "gpt2", "gpt_bigcode": (["c_attn", "mlp.c_proj"], ["mlp.c_proj"])
    case "gptj": (["q_proj", "v_proj", "fc_out"], ["fc_out"])
    case "gpt_neo": (["q_proj", "v_proj", "c_proj"], ["c_proj"])
    case "gpt_neox", "falcon", "RefinedWeb", "RefinedWebModel":
      (["query_key_value", "dense_4h_to_h"], ["dense_4h_to_h"])
    case "bloom": (["query_key_value", "mlp.dense_4h_to_h"], ["mlp.dense_4h_to_h"])
    case "stablelm": (["k_proj", "v_proj", "down_proj"], ["down_proj"])
    case "starcoder2": (["k_proj", "v_proj", "mlp.c_proj"], ["mlp.c_proj"])
    case "codegen": (["qkv_proj", "fc_out"], ["fc_out"])
    case "baichuan": (["W_pack", "down_proj"], ["down_proj"])
    case "bert", "roberta": (["key", "value", "output.dense"], ["output.dense"])
    case "deberta": (["in_proj", "output.dense"], ["output.dense"])
    case "deberta-v2": (["key_proj", "value_proj", "output.dense"], ["output.dense"])
    case "t5": (["k", "v", "wo"], ["wo"])
    case "mt5": (["k", "v", "wi_1"], [])
    default: nil
    }
  }
}
