import Configuration

/// What a model is for, and so which head it has.
public enum ModelTask: String, Sendable, CaseIterable, ConfigurationValue {
  case causalLM = "causal-lm"
  case sequenceClassification = "seq-cls"
  case tokenClassification = "token-cls"
  case seq2seqLM = "seq2seq-lm"
  case questionAnswering = "question-answering"
  case maskedLM = "masked-lm"
  /// Hidden states without a head, to make vectors of texts with.
  case featureExtraction = "feature-extraction"

  /// How Hugging Face's class names for the task end.
  var architectureSuffixes: [String] {
    switch self {
    case .causalLM: ["ForCausalLM", "LMHeadModel"]
    case .sequenceClassification: ["ForSequenceClassification"]
    case .tokenClassification: ["ForTokenClassification"]
    case .seq2seqLM: ["ForConditionalGeneration"]
    case .questionAnswering: ["ForQuestionAnswering"]
    case .maskedLM: ["ForMaskedLM"]
    // A bare body says nothing of what it is for.
    case .featureExtraction: []
    }
  }
}
