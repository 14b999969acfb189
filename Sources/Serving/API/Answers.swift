import Foundation
import Generation
import JSON

/// How completions and chats are written, whole and in parts.
struct AnswerFormat: Sendable {
  enum Kind: Sendable {
    case completion
    case chat
  }

  let kind: Kind
  let model: String
  let id: String
  private let created = Int(Date().timeIntervalSince1970)

  init(_ kind: Kind, model: String) {
    (self.kind, self.model) = (kind, model)
    id = (kind == .chat ? "chatcmpl-" : "cmpl-") + UUID().uuidString.lowercased()
  }

  func whole(_ completions: [Completion], prompts: Int) -> JSONValue {
    let choices = completions.enumerated().map { index, completion in
      let text: (key: String, value: JSONValue) =
        kind == .chat
        ? ("message", ["role": "assistant", "content": .string(completion.text)])
        : ("text", .string(completion.text))
      return choice(index, text, completion.finishReason)
    }
    return frame(
      kind == .chat ? "chat.completion" : "text_completion", choices,
      usage: usage(prompts, completions.reduce(0) { $0 + $1.ids.count }))
  }

  /// The first part of a choice: who speaks. Only chats have one.
  func opening(_ index: Int) -> JSONValue? {
    guard kind == .chat else { return nil }
    return part([choice(index, ("delta", ["role": "assistant", "content": ""]), nil)])
  }

  /// What one step added, or nil when that is nothing.
  func part(_ event: GenerationEvent) -> JSONValue? {
    if event.text.isEmpty, event.finishReason == nil { return nil }
    let text = JSONValue.string(event.text)
    let delta: JSONValue = event.text.isEmpty ? [:] : ["content": text]
    return part([
      choice(event.index, kind == .chat ? ("delta", delta) : ("text", text), event.finishReason)
    ])
  }

  /// The last part: how many tokens there were.
  func closing(prompts: Int, completions: Int) -> JSONValue {
    frame(partKind, [], usage: usage(prompts, completions))
  }

  private var partKind: String { kind == .chat ? "chat.completion.chunk" : "text_completion" }

  private func part(_ choices: [JSONValue]) -> JSONValue { frame(partKind, choices, usage: nil) }

  private func choice(
    _ index: Int, _ text: (key: String, value: JSONValue), _ reason: Completion.FinishReason?
  ) -> JSONValue {
    .object([
      "index": .int(index), text.key: text.value, "logprobs": .null,
      "finish_reason": reason.map { .string($0.name) } ?? .null,
    ])
  }

  private func frame(_ object: String, _ choices: [JSONValue], usage: JSONValue?) -> JSONValue {
    var frame: JSONObject = [
      "id": .string(id), "object": .string(object), "created": .int(created), "model": .string(model),
      "choices": .array(choices),
    ]
    if let usage { frame.updateValue(usage, forKey: "usage") }
    return .object(frame)
  }

  private func usage(_ prompts: Int, _ completions: Int) -> JSONValue {
    [
      "prompt_tokens": .int(prompts), "completion_tokens": .int(completions),
      "total_tokens": .int(prompts + completions),
    ]
  }
}
