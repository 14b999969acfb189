import Configuration

/// What a model is for, and so which head it has.
public enum ModelTask: String, Sendable, CaseIterable, ConfigurationValue {
  case causalLM = "causal-lm"
  case sequenceClassification = "seq-cls"
  case tokenClassification = "token-cls"
  case seq2seqLM = "seq2seq-lm"

  /// How Hugging Face's class names for the task end.
  var architectureSuffixes: [String] {
    switch self {
    case .causalLM: ["ForCausalLM", "LMHeadModel"]
    case .sequenceClassification: ["ForSequenceClassification"]
    case .tokenClassification: ["ForTokenClassification"]
    case .seq2seqLM: ["ForConditionalGeneration"]
    }
  }
}
