import Generation
import JSON

/// What the requests for completions and for chats have in common.
struct GenerationFields {
  let model: String?
  let options: SamplingOptions
  /// Answers to each prompt.
  let count: Int
  let isStreamed: Bool
  /// Whether a stream ends with how many tokens there were.
  let includesUsage: Bool
  /// With how many of the likeliest tokens the likelihood of each is told; nil not to tell it.
  let likeliest: Int?

  /// - Parameter room: how many tokens there are at most, when the request does not say.
  /// - Throws: ``APIError`` naming a field that makes no sense.
  init(_ fields: RequestFields, _ kind: AnswerFormat.Kind, room: Int) throws {
    try fields.refuse([
      "tools", "functions", "logit_bias", "presence_penalty", "frequency_penalty",
      "response_format", "echo", "suffix", "guided_json", "audio",
    ])
    if let best = try fields.int("best_of", in: 1...16), best > 1 {
      throw APIError.invalid("best_of", "is not supported here: leave it out")
    }
    model = try fields.string("model")
    count = try fields.int("n", in: 1...16) ?? 1
    isStreamed = try fields.bool("stream") ?? false
    includesUsage = fields["stream_options"]?["include_usage"]?.boolValue ?? false
    likeliest = try Self.likeliest(fields, kind)
    options = try Self.options(fields, room)
  }

  /// Completions say how many in `logprobs`, chats whether, and in `top_logprobs` how many.
  private static func likeliest(_ fields: RequestFields, _ kind: AnswerFormat.Kind) throws -> Int? {
    let range = 0...20
    if kind == .completion {
      return fields["logprobs"]?.boolValue == false ? nil : try fields.int("logprobs", in: range)
    }
    let count = try fields.int("top_logprobs", in: range)
    guard try fields.bool("logprobs") == true else {
      if let count, count > 0 { throw APIError.invalid("top_logprobs", "needs logprobs: true") }
      return nil
    }
    return count ?? 0
  }

  private static func options(_ fields: RequestFields, _ room: Int) throws -> SamplingOptions {
    var options = SamplingOptions()
    let limit = 1...1_000_000
    options.maxNewTokens =
      try fields.int("max_completion_tokens", in: limit) ?? fields.int("max_tokens", in: limit)
      ?? max(room, 1)
    options.minNewTokens = try fields.int("min_tokens", in: 0...1_000_000) ?? 0
    options.temperature = try fields.number("temperature") ?? 1
    options.topP = try fields.number("top_p") ?? 1
    // -1 stands for all, too.
    options.topK = max(try fields.int("top_k", in: -1...10_000_000) ?? 0, 0)
    options.minP = try fields.number("min_p") ?? 0
    options.repetitionPenalty = try fields.number("repetition_penalty") ?? 1
    options.stop = try fields.strings("stop")
    guard options.stop.count <= 16 else { throw APIError.invalid("stop", "has more than 16 texts") }
    options.seed =
      try fields.int("seed", in: Int.min...Int.max)
      ?? Int(truncatingIfNeeded: UInt64.random(in: 0...UInt64.max))
    try options.validate()
    return options
  }
}
