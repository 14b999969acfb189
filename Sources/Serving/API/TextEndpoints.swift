import FineTuning
import Generation
import JSON
import NIOHTTP1
import Tokenizers

/// Completions and chats: a request's fields to texts to be written, and those to an answer.
struct TextEndpoints: Sendable {
  let models: ServedModels
  let engine: ServingEngine
  let tokenizer: Tokenizer

  /// OpenAI's completions are short unless asked otherwise.
  private static let usualLength = 16

  /// `POST /v1/completions`.
  func complete(_ body: [UInt8]) throws -> HTTPAnswerSource {
    let fields = try RequestFields(body)
    let wanted = try GenerationFields(fields, .completion, room: Self.usualLength)
    return try begin(try prompts(fields), wanted, .completion)
  }

  /// `POST /v1/chat/completions`.
  func chat(_ body: [UInt8]) throws -> HTTPAnswerSource {
    let fields = try RequestFields(body)
    let wanted = try GenerationFields(fields, .chat, room: engine.contextLength)
    let messages = try ChatMessages(fields).value
    let text: String
    do {
      text = try ChatFormat(tokenizer).prompt(messages)
    } catch {
      throw APIError.invalid("messages", "\(error)")
    }
    return try begin([tokenizer.encode(text, addSpecialTokens: false).ids], wanted, .chat)
  }

  private func begin(
    _ prompts: [[Int]], _ wanted: GenerationFields, _ kind: AnswerFormat.Kind
  ) throws -> HTTPAnswerSource {
    let adapter = try models.adapter(wanted.model)
    for prompt in prompts where prompt.count >= engine.contextLength {
      throw APIError(
        .badRequest,
        "the prompt has \(prompt.count) tokens, the model's context \(engine.contextLength): shorten it",
        code: "context_length_exceeded")
    }
    let texts = prompts.flatMap { prompt in
      (0..<wanted.count).map {
        TextRequest(prompt, wanted.options, seed: wanted.options.seed &+ $0, likeliest: wanted.likeliest)
      }
    }
    return HTTPAnswerSource(
      events: try engine.write(texts, adapter: adapter), texts: texts.count,
      promptTokens: prompts.reduce(0) { $0 + $1.count }, wanted: wanted,
      format: AnswerFormat(
        kind, model: adapter ?? models.base, likelihoods: LikelihoodFormat(kind: kind, tokenizer: tokenizer)))
  }

  /// `prompt`: a text or its tokens, or several of them.
  private func prompts(_ fields: RequestFields) throws -> [[Int]] {
    guard let value = fields["prompt"] else { throw APIError.invalid("prompt", "is missing") }
    if let text = value.stringValue { return [try tokenizer.encode(text).ids] }
    guard let array = value.arrayValue, !array.isEmpty else {
      throw APIError.invalid("prompt", "must be a text, its tokens, or an array of either, and not empty")
    }
    if array.allSatisfy({ $0.intValue != nil }) { return [try ids(array)] }
    return try array.map { prompt in
      if let text = prompt.stringValue { return try tokenizer.encode(text).ids }
      guard let tokens = prompt.arrayValue else {
        throw APIError.invalid("prompt", "\(prompt) is neither a text nor a token")
      }
      return try ids(tokens)
    }
  }

  private func ids(_ array: [JSONValue]) throws -> [Int] {
    try array.map { value in
      guard let id = value.intValue, id >= 0, id < engine.vocabularySize else {
        throw APIError.invalid("prompt", "\(value) is no token: ids are below \(engine.vocabularySize)")
      }
      return id
    }
  }
}

/// Texts that are being written for a request, and how they are to be answered.
struct HTTPAnswerSource: Sendable {
  let events: Job.Events
  let texts: Int
  let promptTokens: Int
  let wanted: GenerationFields
  let format: AnswerFormat

  func answer() async throws -> HTTPAnswer {
    guard wanted.isStreamed else {
      var completions = Array(repeating: Completion(), count: texts)
      try await forEachEvent { completions[$0.index].add($0) }
      return .json(.ok, try format.whole(completions, prompts: promptTokens))
    }
    return .events { writer in
      for index in 0..<texts {
        if let opening = format.opening(index) { try await writer.send(opening) }
      }
      var (count, offsets) = (0, [Int](repeating: 0, count: texts))
      try await forEachEvent { event in
        count += 1
        if let part = try format.part(event, offset: &offsets[event.index]) { try await writer.send(part) }
      }
      if wanted.includesUsage {
        try await writer.send(format.closing(prompts: promptTokens, completions: count))
      }
      try await writer.end()
    }
  }

  /// Calls `body` with every event, until all texts have ended.
  private func forEachEvent(_ body: (GenerationEvent) async throws -> Void) async throws {
    var open = texts
    for try await event in events {
      try await body(event)
      if event.finishReason != nil { open -= 1 }
      if open == 0 { return }
    }
    // The events end before the texts only when this work was given up.
    throw CancellationError()
  }
}
