/// What adapters need to know of a model beside its layers.
public struct ModelTraits: Sendable {
  /// `model_type` of config.json; picks the usual target modules.
  public var modelType: String
  /// Full names of layers that produce logits over the vocabulary; `all-linear` leaves them out.
  public var outputEmbeddings: [String]
  /// Full names of fresh task heads; trained whole by default.
  public var heads: [String]
  /// `CAUSAL_LM`, `SEQ_CLS`, ...; nil for models of one's own.
  public var taskType: String?

  public init(
    modelType: String = "", outputEmbeddings: [String] = [], heads: [String] = [], taskType: String? = nil
  ) {
    (self.modelType, self.outputEmbeddings) = (modelType, outputEmbeddings)
    (self.heads, self.taskType) = (heads, taskType)
  }

  /// The modules whose weights are usually updated in a family, for configurations that name none.
  ///
  /// Source: `TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING` of PEFT 0.21, and likewise for families that it lacks.
  var usualTargets: [String]? {
    switch modelType {
    case "llama", "llama4_text", "mistral", "mixtral", "qwen2", "qwen3", "stablelm", "gemma", "gemma2",
      "gemma3_text", "opt",
      "gptj", "bart", "olmo2", "granite", "starcoder2", "gemma3", "olmo", "olmo3", "olmoe", "granitemoe",
      "cohere",
      "cohere2", "smollm3", "qwen2_moe", "qwen3_moe":
      ["q_proj", "v_proj"]
    case "phi": ["q_proj", "v_proj", "fc1", "fc2"]
    case "gpt2", "gpt_bigcode": ["c_attn"]
    case "gpt_neox", "bloom", "falcon", "RefinedWeb", "RefinedWebModel": ["query_key_value"]
    case "codegen": ["qkv_proj"]
    case "baichuan": ["W_pack"]
    case "bert", "roberta", "xlm-roberta", "electra", "albert": ["query", "value"]
    case "distilbert": ["q_lin", "v_lin"]
    case "deberta": ["in_proj"]
    case "vit", "dinov2", "dinov2_with_registers", "clip", "clip_text_model", "clip_vision_model":
      ["q_proj", "v_proj"]
    case "convnext", "convnextv2": ["pwconv1", "pwconv2"]
    case "resnet": ["convolution"]
    case "deberta-v2": ["query_proj", "value_proj"]
    case "t5", "mt5": ["q", "v"]
    case "phi3": ["qkv_proj"]
    default: nil
    }
  }
}
