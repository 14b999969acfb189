import JSON

/// Makes a tokenizer from text.
///
/// ```swift
/// let trainer = TokenizerTrainer.byteLevelBPE(vocabularySize: 8000, specialTokens: ["<|end|>"])
/// let json = try trainer.train(on: lines)
/// let tokenizer = try Tokenizer(json: json)
/// ```
public struct TokenizerTrainer: Sendable {
  /// What kind of model is trained.
  public enum Algorithm: String, Sendable, CaseIterable {
    /// Byte pair encoding: the most frequent pair of neighbours becomes a token, again and again.
    case bpe
    /// The same, with tokens that continue a word marked.
    case wordPiece = "wordpiece"
    /// Unigram language model: many tokens are proposed and those that explain the text least are dropped.
    case unigram
  }

  public var algorithm: Algorithm
  /// How many tokens there are in the end, special tokens included; fewer when the text does not give as many.
  public var vocabularySize: Int
  /// Pairs that are rarer than this do not become tokens.
  public var minimumFrequency = 0
  /// Tokens with the first ids, which no text is split into.
  public var specialTokens: [String] = []
  /// The token for what is not in the vocabulary; one of the special tokens.
  public var unknownToken: String?
  /// At most so many different characters become tokens, the most frequent; nil: all.
  public var alphabetLimit: Int?
  /// Characters that are tokens whether the text has them or not.
  public var initialAlphabet: [Unicode.Scalar] = []
  /// What tokens that continue a word begin with.
  public var continuingSubwordPrefix: String?
  /// What tokens that end a word end with.
  public var endOfWordSuffix: String?
  /// The longest token, in characters, that a unigram model has.
  public var longestPiece = 16

  /// The components around the model, in the notation of `tokenizer.json`.
  public var normalizer: JSONValue?
  public var preTokenizer: JSONValue?
  public var postProcessor: JSONValue?
  public var decoder: JSONValue?

  public init(_ algorithm: Algorithm, vocabularySize: Int) {
    self.algorithm = algorithm
    self.vocabularySize = vocabularySize
  }

  /// A tokenizer like GPT-2's: any bytes can be encoded, and decoding gives them back.
  public static func byteLevelBPE(vocabularySize: Int, specialTokens: [String] = []) -> TokenizerTrainer {
    var trainer = TokenizerTrainer(.bpe, vocabularySize: vocabularySize)
    trainer.specialTokens = specialTokens
    trainer.initialAlphabet = (0..<256).compactMap { Unicode.Scalar(ByteAlphabet.scalars.base[$0]) }
    trainer.preTokenizer = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    trainer.postProcessor = [
      "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true,
    ]
    trainer.decoder = [
      "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
    ]
    return trainer
  }

  /// A tokenizer like BERT's.
  public static func bert(vocabularySize: Int, lowercases: Bool = true) -> TokenizerTrainer {
    var trainer = TokenizerTrainer(.wordPiece, vocabularySize: vocabularySize)
    trainer.specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer.unknownToken = "[UNK]"
    trainer.normalizer = [
      "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil,
      "lowercase": .bool(lowercases),
    ]
    trainer.preTokenizer = ["type": "BertPreTokenizer"]
    trainer.postProcessor = ["type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]]
    trainer.decoder = ["type": "WordPiece", "prefix": "##", "cleanup": true]
    return trainer
  }

  /// A tokenizer like T5's.
  public static func unigram(vocabularySize: Int) -> TokenizerTrainer {
    var trainer = TokenizerTrainer(.unigram, vocabularySize: vocabularySize)
    trainer.specialTokens = ["<pad>", "</s>", "<unk>"]
    trainer.unknownToken = "<unk>"
    let marks: JSONValue = [
      "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true,
    ]
    trainer.normalizer = ["type": "NFKC"]
    trainer.preTokenizer = marks
    trainer.decoder = marks
    return trainer
  }

  /// The tokenizer that `texts` give, as a `tokenizer.json`. The same texts in the same order always give the same.
  ///
  /// - Throws: `TokenizerError` when a component is malformed or the vocabulary cannot hold what it must.
  public func train(on texts: some Sequence<String>) throws -> JSONValue {
    guard vocabularySize > specialTokens.count, vocabularySize <= Vocabulary.highestID else {
      throw TokenizerError(
        "vocabulary of \(vocabularySize) tokens, to be trained: it must be larger than the \(specialTokens.count) special "
          + "tokens and at most \(Vocabulary.highestID)")
    }
    if let unknownToken, !specialTokens.contains(where: { $0.utf8.elementsEqual(unknownToken.utf8) }) {
      throw TokenizerError(
        "unknown token \"\(unknownToken)\", to be trained: make it one of the special tokens")
    }
    let words = try WordCounts(texts, normalizer: normalizer, preTokenizer: preTokenizer)
    let model: JSONValue =
      switch algorithm {
      case .bpe, .wordPiece: try BPETraining(self, words).model()
      case .unigram: try UnigramTraining(self, words).model()
      }
    let added = specialTokens.enumerated().map { id, token -> JSONValue in
      [
        "id": .int(id), "content": .string(token), "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
      ]
    }
    return [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
      "normalizer": normalizer ?? .null, "pre_tokenizer": preTokenizer ?? .null,
      "post_processor": postProcessor ?? .null, "decoder": decoder ?? .null, "model": model,
    ]
  }
}
