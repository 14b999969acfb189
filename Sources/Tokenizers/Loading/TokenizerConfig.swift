import JSON

/// What `tokenizer_config.json` and `special_tokens_map.json` say about a tokenizer.
struct TokenizerConfig {
  /// Special tokens by role, as `bos_token`.
  var specialTokens: [String: AddedToken] = [:]
  var modelMaxLength: Int?
  var chatTemplate: JSONValue?
  var addsBOS: Bool?
  var addsEOS: Bool?
  var tokenizerClass: String?

  /// Larger lengths stand for "no limit".
  private static let unlimited = 1_000_000_000

  init() {}

  init(config: JSONValue?, specialTokensMap: JSONValue?, chatTemplate: String?) {
    for source in [specialTokensMap, config] {
      for (name, value) in source?.objectValue?.members ?? [] where name.hasSuffix("_token") {
        guard let token = Self.token(value) else { continue }
        specialTokens[name] = token
      }
    }
    if let length = config?["model_max_length"]?.doubleValue, length > 0, length < Double(Self.unlimited) {
      modelMaxLength = Int(length)
    }
    self.chatTemplate = chatTemplate.map { .string($0) } ?? config?["chat_template"]
    if self.chatTemplate?.isNull == true { self.chatTemplate = nil }
    addsBOS = config?["add_bos_token"]?.boolValue
    addsEOS = config?["add_eos_token"]?.boolValue
    tokenizerClass = config?["tokenizer_class"]?.stringValue
  }

  /// A special token, which is written as its text or as an object.
  private static func token(_ value: JSONValue) -> AddedToken? {
    if let content = value.stringValue { return AddedToken(content, special: true) }
    guard value.objectValue != nil, var token = try? AddedToken(Fields(value, at: "special token")) else {
      return nil
    }
    token.special = true
    return token
  }
}
