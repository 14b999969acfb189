import Generation
import JSON
import Tokenizers

/// How the likelihoods of tokens are written: one way in completions, another in chats.
struct LikelihoodFormat: Sendable {
  let kind: AnswerFormat.Kind
  let tokenizer: Tokenizer

  /// - Parameter offset: characters of the text that came before; only completions say it.
  func json(_ likelihoods: [TokenLikelihood], offset: Int) throws -> JSONValue {
    switch kind {
    case .chat: ["content": .array(try likelihoods.map(content))]
    case .completion: try columns(likelihoods, offset)
    }
  }

  /// Characters of a token.
  func length(_ likelihood: TokenLikelihood?) -> Int {
    likelihood.flatMap { try? text(of: $0.chosen.id).unicodeScalars.count } ?? 0
  }

  private func content(_ likelihood: TokenLikelihood) throws -> JSONValue {
    var entry = try named(likelihood.chosen)
    entry["top_logprobs"] = .array(try likelihood.likeliest.map { .object(try named($0)) })
    return .object(entry)
  }

  private func named(_ entry: TokenLikelihood.Entry) throws -> JSONObject {
    let text = try text(of: entry.id)
    // A token that is a part of a character has no text, and none of its bytes are known here.
    let bytes: JSONValue =
      text.contains("\u{FFFD}") ? .null : .array(text.utf8.map { .int(Int($0)) })
    return [
      "token": .string(text), "logprob": Self.number(entry.logProbability), "bytes": bytes,
    ]
  }

  private func columns(_ likelihoods: [TokenLikelihood], _ offset: Int) throws -> JSONValue {
    let texts = try likelihoods.map { try text(of: $0.chosen.id) }
    var (offsets, place): ([JSONValue], Int) = ([], offset)
    for text in texts {
      offsets.append(.int(place))
      place += text.unicodeScalars.count
    }
    let tops: [JSONValue] = try likelihoods.map { likelihood in
      var object = JSONObject()
      // Tokens that read alike are one; the likelier stays.
      for entry in try likelihood.likeliest.reversed().map({ (try text(of: $0.id), $0.logProbability) }) {
        object[entry.0] = Self.number(entry.1)
      }
      return .object(object)
    }
    return [
      "tokens": .array(texts.map(JSONValue.string)),
      "token_logprobs": .array(likelihoods.map { Self.number($0.chosen.logProbability) }),
      "top_logprobs": .array(tops), "text_offset": .array(offsets),
    ]
  }

  /// What a token reads like inside of a text. Decoders take the space off a text's beginning, so it is read behind
  /// itself.
  private func text(of id: Int) throws -> String {
    let (once, twice) = (try tokenizer.decode([id]), try tokenizer.decode([id, id]))
    guard twice.unicodeScalars.starts(with: once.unicodeScalars), twice != once else { return once }
    return String(twice.unicodeScalars.dropFirst(once.unicodeScalars.count))
  }

  /// JSON knows no infinity; a token that cannot be gets OpenAI's stand-in.
  private static func number(_ value: Double) -> JSONValue { .double(value.isFinite ? value : -9999) }
}
