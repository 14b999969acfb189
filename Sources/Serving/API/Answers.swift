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
  private let likelihoods: LikelihoodFormat
  private let created = Int(Date().timeIntervalSince1970)

  init(_ kind: Kind, model: String, likelihoods: LikelihoodFormat) {
    (self.kind, self.model, self.likelihoods) = (kind, model, likelihoods)
    id = (kind == .chat ? "chatcmpl-" : "cmpl-") + UUID().uuidString.lowercased()
  }

  func whole(_ completions: [Completion], prompts: Int) throws -> JSONValue {
    let choices = try completions.enumerated().map { index, completion in
      let text: (key: String, value: JSONValue) =
        kind == .chat
        ? ("message", ["role": "assistant", "content": .string(completion.text)])
        : ("text", .string(completion.text))
      return try choice(index, text, completion.finishReason, completion.likelihoods)
    }
    return frame(
      kind == .chat ? "chat.completion" : "text_completion", choices,
      usage: usage(prompts, completions.reduce(0) { $0 + $1.ids.count }))
  }

  /// The first part of a choice: who speaks. Only chats have one.
  func opening(_ index: Int) -> JSONValue? {
    guard kind == .chat else { return nil }
    return part([choice(index, ("delta", ["role": "assistant", "content": ""]), nil, logprobs: .null)])
  }

  /// What one step added, or nil when that is nothing.
  ///
  /// - Parameter offset: characters of the tokens that came before; those of this one are added.
  func part(_ event: GenerationEvent, offset: inout Int) throws -> JSONValue? {
    if event.text.isEmpty, event.finishReason == nil, event.likelihood == nil { return nil }
    let text = JSONValue.string(event.text)
    let delta: JSONValue = event.text.isEmpty ? [:] : ["content": text]
    defer { offset += likelihoods.length(event.likelihood) }
    return part([
      try choice(
        event.index, kind == .chat ? ("delta", delta) : ("text", text), event.finishReason,
        [event.likelihood].compactMap(\.self), offset: offset)
    ])
  }

  /// The last part: how many tokens there were.
  func closing(prompts: Int, completions: Int) -> JSONValue {
    frame(partKind, [], usage: usage(prompts, completions))
  }

  private var partKind: String { kind == .chat ? "chat.completion.chunk" : "text_completion" }

  private func part(_ choices: [JSONValue]) -> JSONValue { frame(partKind, choices, usage: nil) }

  private func choice(
    _ index: Int, _ text: (key: String, value: JSONValue), _ reason: Completion.FinishReason?,
    _ tokens: [TokenLikelihood], offset: Int = 0
  ) throws -> JSONValue {
    choice(
      index, text, reason, logprobs: tokens.isEmpty ? .null : try likelihoods.json(tokens, offset: offset))
  }

  private func choice(
    _ index: Int, _ text: (key: String, value: JSONValue), _ reason: Completion.FinishReason?,
    logprobs: JSONValue
  ) -> JSONValue {
    .object([
      "index": .int(index), text.key: text.value, "logprobs": logprobs,
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
