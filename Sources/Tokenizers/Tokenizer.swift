import JSON

/// Text to token ids and back, exactly as Hugging Face's `tokenizers` does it from the same files.
///
/// ```swift
/// let tokenizer = try Tokenizer.load(folder: "models/llama")
/// let encoding = try tokenizer.encode("Hello there")
/// let text = try tokenizer.decode(encoding.ids, skipSpecialTokens: true)
/// ```
///
/// A tokenizer never changes and can be used from many threads at once.
public final class Tokenizer: Sendable {
  let model: any Model
  let normalizer: (any Normalizer)?
  let preTokenizer: (any PreTokenizer)?
  let postProcessor: (any PostProcessor)?
  let decoder: (any Decoder)?
  let names: TokenNames
  let scratches = ScratchPool()

  /// How encodings that are too long are cut; nil: not at all.
  public let truncation: Truncation?
  /// How encodings that are too short are filled up; nil: not at all.
  public let padding: Padding?
  /// The special tokens by role.
  public let specialTokens: SpecialTokens
  /// The longest text, in tokens, that the model was made for; nil when the files set no limit.
  public let modelMaxLength: Int?
  /// The chat template as the files have it: a string, or an array of objects with `name` and `template`.
  public let chatTemplate: JSONValue?

  init(_ parts: TokenizerParts) throws {
    model = parts.model
    normalizer = parts.normalizer
    preTokenizer = parts.preTokenizer
    postProcessor = parts.postProcessor
    decoder = parts.decoder
    let added = try AddedTokens(
      [parts.addedTokens, parts.config.tokensToAdd(to: parts.addedTokens)],
      vocabulary: parts.model.vocabulary, normalizer: parts.normalizer)
    names = TokenNames(
      vocabulary: parts.model.vocabulary, added: added,
      trimsOffsets: parts.postProcessor?.trimsOffsets ?? false)
    truncation = parts.truncation
    padding = parts.padding
    specialTokens = SpecialTokens(parts.config, names: names)
    modelMaxLength = parts.config.modelMaxLength
    chatTemplate = parts.config.chatTemplate
  }

  /// A tokenizer that differs in how it cuts and fills up encodings.
  init(_ other: Tokenizer, truncation: Truncation?, padding: Padding?) {
    model = other.model
    normalizer = other.normalizer
    preTokenizer = other.preTokenizer
    postProcessor = other.postProcessor
    decoder = other.decoder
    names = other.names
    self.truncation = truncation
    self.padding = padding
    specialTokens = other.specialTokens
    modelMaxLength = other.modelMaxLength
    chatTemplate = other.chatTemplate
  }

  /// The same tokenizer with encodings cut as said, or not at all.
  public func truncating(_ truncation: Truncation?) -> Tokenizer {
    Tokenizer(self, truncation: truncation, padding: padding)
  }

  /// The same tokenizer with encodings filled up as said, or not at all.
  public func padding(_ padding: Padding?) -> Tokenizer {
    Tokenizer(self, truncation: truncation, padding: padding)
  }

  /// The number of tokens, added ones included.
  public var vocabularySize: Int { names.vocabulary.count + names.added.countOutsideVocabulary }

  /// The id of a token, as the vocabulary writes it.
  public func id(of token: String) -> Int? { names.id(token) }

  /// The token with an id, as the vocabulary writes it.
  public func token(of id: Int) -> String? { names.token(id) }

  /// The added tokens, by id.
  public var addedTokens: [(id: Int, token: AddedToken)] { names.added.tokens }
}

/// What a tokenizer is made of.
struct TokenizerParts {
  var model: any Model
  var normalizer: (any Normalizer)?
  var preTokenizer: (any PreTokenizer)?
  var postProcessor: (any PostProcessor)?
  var decoder: (any Decoder)?
  var addedTokens: [AddedToken] = []
  var truncation: Truncation?
  var padding: Padding?
  var config = TokenizerConfig()
}
