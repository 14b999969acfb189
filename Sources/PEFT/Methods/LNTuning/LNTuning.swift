import Configuration
import NN

/// LN tuning: normalization layers (or whatever layers are named) are trained whole.
///
/// Source: Zhao et al. 2023, "Tuning LayerNorm in Attention: Towards Efficient Multi-Modal LLM Finetuning", section 3;
/// fields and files as Hugging Face PEFT's `LNTuningConfig`.
public struct LNTuning: AdapterMethod {
  public static let peftType = "LN_TUNING"

  public var targeting = Targeting()

  public init() {}

  public static let fields: [Field<LNTuning>] = [
    Field("target_modules", \.targeting.modules, "names, or a regular expression"),
    Field("exclude_modules", \.targeting.excluded, "modules that are never trained"),
    Field("modules_to_save", \.targeting.modulesToSave, "further modules trained whole and saved"),
  ]

  public func validate() throws { try targeting.validate() }

  public func supports(_ kind: LayerKind) -> Bool { true }

  public mutating func settle(for traits: ModelTraits, layers: [any AdaptableLayer]) throws {
    guard targeting.modules == nil else { return }
    if let usual = Self.usualTargets(of: traits.modelType) {
      targeting.modules = .names(usual)
    } else {
      let norms = layers.filter { if case .norm = $0.kind { true } else { false } }
      guard !norms.isEmpty else {
        throw AdapterError("the model has no normalization layer: name the layers to train in target_modules")
      }
      targeting.modules = TargetFinder(layers: layers, traits: traits).names(of: norms)
    }
  }

  public func makeAdapter(for layer: any AdaptableLayer, context: InjectionContext) throws -> any LayerAdapter
  {
    try ModulesToSave(layer, prefix: "ln_tuning_layers.")
  }

  /// Source: `TRANSFORMERS_MODELS_TO_LNTUNING_TARGET_MODULES_MAPPING` of PEFT 0.21. Families that it does not have get
  /// all their normalization layers.
  private static func usualTargets(of modelType: String) -> [String]? {
    switch modelType {
    case "llama", "mistral", "gemma": ["input_layernorm", "post_attention_layernorm", "norm"]
    case "qwen2", "qwen3": ["post_attention_layernorm"]
    case "gemma2", "gemma3_text":
      [
        "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
        "post_feedforward_layernorm", "norm",
      ]
    case "phi": ["input_layernorm", "final_layernorm"]
    case "bloom", "falcon": ["input_layernorm", "post_attention_layernorm", "ln_f"]
    case "gpt2": ["ln_1", "ln_2", "ln_f"]
    case "gptj": ["ln_1", "ln_f"]
    case "bart": ["self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"]
    case "t5", "mt5": ["layer_norm", "final_layer_norm"]
    default: nil
    }
  }
}
