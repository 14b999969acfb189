/// A model's chat template: the Jinja that turns a conversation into the text the model was trained on.
import JSON

/// A chat template as Hugging Face models carry them, rendering exactly what transformers' `apply_chat_template`
/// renders: Jinja in its immutable sandbox with `trim_blocks`, `lstrip_blocks`, loop controls, the `generation` tag,
/// and the functions `raise_exception` and `strftime_now`.
///
/// Templates come from files of strangers, so rendering is bounded: work and memory in proportion to the
/// conversation, and every kind of nesting. Beyond the bounds it throws.
///
/// ```swift
/// let template = try ChatTemplate(source)
/// let chat = try template.render(
///   messages: [["role": "user", "content": "Hello"]], addGenerationPrompt: true,
///   variables: ["bos_token": "<s>"])
/// ```
public struct ChatTemplate: Sendable {
  /// The template as it was given.
  public let source: String
  let compiled: CompiledTemplate

  /// Reads a template.
  ///
  /// - Throws: `ChatTemplateError` with the line of what is not Jinja.
  public init(_ source: String) throws {
    self.source = source
    compiled = try ScopeResolver.resolve(try Parser.parse(source))
  }

  /// Renders a conversation.
  ///
  /// - Parameters:
  ///   - messages: an array of objects such as `{"role": …, "content": …}`. As in transformers, keys that are null
  ///     count as missing, and a message's reasoning reaches the template as `reasoning_content` and `thinking`
  ///     whichever of `reasoning_content`, `thinking` and `reasoning` it is given as.
  ///   - tools: an array of JSON schemas of functions.
  ///   - documents: an array of objects for retrieval-augmented generation.
  ///   - addGenerationPrompt: whether to end with what opens the assistant's next message.
  ///   - continueFinalMessage: the key of the final message's text, `"content"` as a rule, to leave that message
  ///     open at its end, so that the model goes on with it.
  ///   - variables: whatever else the template may read, such as `bos_token` or `enable_thinking`.
  ///   - now: what `strftime_now` formats; nil for the present moment.
  /// - Throws: `ChatTemplateError` for what the template rejects (`raise_exception`), what Python would raise, and
  ///   what exceeds the bounds.
  public func render(
    messages: JSONValue, tools: JSONValue? = nil, documents: JSONValue? = nil,
    addGenerationPrompt: Bool = false,
    continueFinalMessage: String? = nil, variables: JSONObject = [:], now: LocalTime? = nil
  ) throws -> RenderedChat {
    var conversation = try Conversation(messages)
    let continuation = try continueFinalMessage.map { field in
      guard !addGenerationPrompt else {
        throw ChatTemplateError(
          "continueFinalMessage and addGenerationPrompt exclude each other: leave the final message open, or start "
            + "a new one")
      }
      return try Continuation(of: &conversation, field: field, template: source)
    }
    var context = Globals.all()
    context["messages"] = try conversation.value()
    context["tools"] = try tools.map { try Conversation.objects($0, "tools") } ?? Value.none
    context["documents"] = try documents.map { try Conversation.objects($0, "documents") } ?? Value.none
    context["add_generation_prompt"] = .bool(addGenerationPrompt)
    for (name, value) in variables.members { context[Text(name)] = try Value(value) }
    let weight = context.values.reduce(0) { $0 + $1.weight }
    let interpreter = Interpreter(compiled, context: context, budget: Budget(inputBytes: weight), now: now)
    let chat = try interpreter.render()
    return try continuation?.cut(chat) ?? chat
  }
}

extension Value {
  /// About how many bytes of text the value holds.
  fileprivate var weight: Int {
    switch self {
    case .string(let text): text.utf8.count
    case .list(let items): items.values.reduce(8) { $0 + $1.weight }
    case .dict(let mapping): mapping.entries.reduce(8) { $0 + $1.key.weight + $1.value.weight }
    default: 8
    }
  }
}
