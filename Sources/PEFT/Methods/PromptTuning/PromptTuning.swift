import Configuration
import JSON
import NN
import Torch

/// Prompt tuning: vectors of virtual tokens before the embedded text.
///
/// Source: Lester, Al-Rfou and Constant 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning", section 2;
/// fields, defaults and files as Hugging Face PEFT's `PromptTuningConfig`.
public struct PromptTuning: PromptMethod {
  public static let peftType = "PROMPT_TUNING"

  public enum Start: String, CaseIterable, ConfigurationValue {
    /// Normally distributed.
    case random = "RANDOM"
    /// The vectors of a text, cut or repeated to fit.
    case text = "TEXT"
    /// The vectors of tokens drawn from the vocabulary.
    case sampleVocabulary = "SAMPLE_VOCAB"
  }

  public var common = PromptFields()
  public var start = Start.random
  public var text: String?
  public var tokenizer: String?
  public var tokenizerOptions: JSONValue = .null
  /// The tokens of ``text``, which whoever has a tokenizer sets.
  public var textIDs: [Int]?

  public init() {}

  public static let fields: [Field<PromptTuning>] =
    PromptFields.fields.map { $0.lifted(to: \PromptTuning.common) } + [
      Field("prompt_tuning_init", \.start, "how the tokens start"),
      Field("prompt_tuning_init_text", \.text, "the text that they start from"),
      Field("tokenizer_name_or_path", \.tokenizer, "the tokenizer of that text; the model's own when null"),
      Field("tokenizer_kwargs", \.tokenizerOptions, "of Hugging Face's tokenizers; kept"),
    ]

  public func validate() throws {
    try common.validate()
    guard start != .text || text?.isEmpty == false else {
      throw ConfigurationError(
        "prompt_tuning_init_text", value: text ?? "null",
        rule: "must be a text when prompt_tuning_init is TEXT")
    }
  }

  public mutating func settle(for shape: PromptShape) throws {
    // Files for encoder-decoders count the encoder's layers, which these prompts have nothing to do with.
    let layers = shape.parts > 1 ? common.layers ?? shape.layers : shape.layers
    try common.settle(
      tokenSize: shape.hiddenSize, heads: shape.heads, layers: layers, parts: shape.parts)
  }

  public var reading: LearnedPrompt.Reading { .embeddings }

  public func makeTable(in slot: PromptSlot, context: InjectionContext) throws -> Tensor {
    let (tokens, entries) = (common.rows, slot.embedding.weight.shape[0])
    let shape = [tokens, slot.shape.hiddenSize]
    if context.isLoading { return try .zeros(shape) }
    let ids: [Int]
    // A file says what the text was, not its tokens; its values come next.
    switch context.isFromFile && start == .text ? .random : start {
    case .random: return try Initializer.normal(std: 1).tensor(shape, generator: context.generator)
    case .sampleVocabulary:
      ids = try Tensor.randint(0..<entries, [tokens], generator: context.generator).array()
    case .text:
      guard let textIDs, !textIDs.isEmpty, textIDs.allSatisfy((0..<entries).contains) else {
        throw AdapterError(
          "prompt_tuning_init is TEXT, without token ids of the text that the model has: set textIDs")
      }
      ids = (0..<tokens).map { textIDs[$0 % textIDs.count] }
    }
    return try withoutGradients {
      let weight = slot.embedding.untouchedWeight
      let places = try Tensor(ids).to(device: slot.embedding.weight.device)
      return try weight.dense(weight.dtype).indexSelect(0, places).to(dtype: .float32)
    }
  }
}
