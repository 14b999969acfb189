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
  }

  /// The new tokens, the one that ends the text included.
  public var ids: [Int] = []
  /// The new text, without special tokens and up to the stop text; empty when there is no tokenizer.
  public var text = ""
  public var finishReason = FinishReason.length

  public init() {}
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
}
