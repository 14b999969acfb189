import ChatTemplates
import JSON
import Tokenizers

/// A model's chat template with the special tokens that it writes.
public struct ChatFormat: Sendable {
  private let template: ChatTemplate
  private let variables: JSONObject

  /// - Throws: `ChatTemplateError` when the tokenizer has no template, or one that is not Jinja.
  public init(_ tokenizer: Tokenizer) throws {
    template = try ChatTemplate(ChatTemplate.source(in: tokenizer.chatTemplate ?? .null))
    variables = JSONObject(
      tokenizer.specialTokens.tokens.sorted { $0.key < $1.key }.map {
        (key: $0.key, value: .string($0.value))
      })
  }

  /// The conversation up to where the assistant's next message begins.
  public func prompt(_ messages: JSONValue) throws -> String {
    try template.render(messages: messages, addGenerationPrompt: true, variables: variables).text
  }

  /// A whole conversation, and where the assistant speaks in it, in Unicode scalars.
  func conversation(_ messages: JSONValue) throws -> (text: String, assistant: [Range<Int>]) {
    (
      try template.render(messages: messages, variables: variables).text,
      try template.assistantRanges(messages: messages, variables: variables)
    )
  }
}
