/// What was generated for one prompt.
public struct Completion: Sendable, Hashable {
  public enum FinishReason: Sendable, Hashable {
    /// The model ended the text.
    case endOfText
    /// A stop text occurred.
    case stop(String)
    /// As many tokens as asked for.
    case length
    /// The model's context is full.
    case context

    /// As in OpenAI's API.
    public var name: String {
      switch self {
      case .endOfText, .stop: "stop"
      case .length, .context: "length"
      }
    }
  }

  /// The new tokens, the one that ends the text included.
  public var ids: [Int] = []
  /// The new text, without special tokens and up to the stop text; empty when there is no tokenizer.
  public var text = ""
  public var finishReason = FinishReason.length
  /// Of each token, where the request asks for it.
  public var likelihoods: [TokenLikelihood] = []

  public init() {}

  /// Takes in one step.
  public mutating func add(_ event: GenerationEvent) {
    ids.append(event.id)
    text += event.text
    if let likelihood = event.likelihood { likelihoods.append(likelihood) }
    if let reason = event.finishReason { finishReason = reason }
  }
}

/// A text to be continued, and how.
public struct TextRequest: Sendable {
  public let prompt: [Int]
  public let options: SamplingOptions
  /// Of the drawing.
  public let seed: Int
  /// With how many of the likeliest tokens each token's likelihood is told; nil not to tell it.
  public let likeliest: Int?

  /// - Parameter seed: nil for that of the options.
  public init(_ prompt: [Int], _ options: SamplingOptions, seed: Int? = nil, likeliest: Int? = nil) {
    (self.prompt, self.options, self.seed) = (prompt, options, seed ?? options.seed)
    self.likeliest = likeliest
  }
}

/// One step of generation, as it is handed on.
public struct GenerationEvent: Sendable {
  /// Which prompt it belongs to.
  public let index: Int
  public let id: Int
  /// The text that became certain; often empty, or of several tokens.
  public let text: String
  /// Set with the last event of a prompt.
  public let finishReason: Completion.FinishReason?
  /// Nil unless the request asks for it.
  public let likelihood: TokenLikelihood?

  public init(
    index: Int, id: Int, text: String, finishReason: Completion.FinishReason?,
    likelihood: TokenLikelihood? = nil
  ) {
    (self.index, self.id, self.text, self.finishReason) = (index, id, text, finishReason)
    self.likelihood = likelihood
  }
}
