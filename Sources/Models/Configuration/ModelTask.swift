import Configuration

/// What a model is for, and so which head it has.
public enum ModelTask: String, Sendable, CaseIterable, ConfigurationValue {
  case causalLM = "causal-lm"
  case sequenceClassification = "seq-cls"
  case tokenClassification = "token-cls"
  case seq2seqLM = "seq2seq-lm"
  case questionAnswering = "question-answering"
  case maskedLM = "masked-lm"
  case imageClassification = "image-cls"
  /// Hidden states without a head, to make vectors of texts or pictures with.
  case featureExtraction = "feature-extraction"

  /// Whether each row, a text or a picture, is one of several classes, or has numbers.
  public var classifiesRows: Bool { self == .sequenceClassification || self == .imageClassification }

  /// How Hugging Face's class names for the task end.
  var architectureSuffixes: [String] {
    switch self {
    case .causalLM: ["ForCausalLM", "LMHeadModel"]
    case .sequenceClassification: ["ForSequenceClassification"]
    case .tokenClassification: ["ForTokenClassification"]
    case .seq2seqLM: ["ForConditionalGeneration"]
    case .questionAnswering: ["ForQuestionAnswering"]
    case .maskedLM: ["ForMaskedLM"]
    case .imageClassification: ["ForImageClassification"]
    // A bare body says nothing of what it is for.
    case .featureExtraction: []
    }
  }
}
