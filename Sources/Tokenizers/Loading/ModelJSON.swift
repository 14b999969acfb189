import JSON

/// Reads the model of a `tokenizer.json`.
struct ModelJSON {
  private var options = JSONObject()
  private var vocabulary: VocabularyBuilder?
  private var merges: MergeList?
  private var scores: [Double]?

  init() {}

  /// - Throws: `TokenizerError` when the vocabulary or the merges are malformed.
  init(_ scanner: inout JSONScanner) throws {
    var options = JSONObject()
    var vocabulary: VocabularyBuilder?
    var merges: MergeList?
    var scores: [Double]?
    try scanner.members { scanner in
      let key = scanner.string
      switch (key, scanner.peek()) {
      case ("vocab", UInt8(ascii: "{")): vocabulary = try Self.vocabulary(&scanner)
      case ("vocab", UInt8(ascii: "[")): (vocabulary, scores) = try Self.scoredVocabulary(&scanner)
      case ("merges", UInt8(ascii: "[")): merges = try Self.merges(&scanner)
      default: options.updateValue(try scanner.readValue(), forKey: key)
      }
    }
    self.options = options
    self.vocabulary = vocabulary
    self.merges = merges
    self.scores = scores
  }

  /// A vocabulary written as an object of ids by token.
  static func vocabulary(_ scanner: inout JSONScanner) throws -> VocabularyBuilder {
    var vocabulary = VocabularyBuilder(capacity: scanner.remaining / 48)
    try scanner.members { scanner in
      // The key is still the string read last after its value, a number.
      let id = try scanner.readInteger()
      try scanner.withString { try vocabulary.add($0, id: id) }
    }
    return vocabulary
  }

  /// A vocabulary written as an array of tokens with their scores.
  private static func scoredVocabulary(
    _ scanner: inout JSONScanner
  ) throws -> (VocabularyBuilder, [Double]) {
    var vocabulary = VocabularyBuilder(capacity: scanner.remaining / 32)
    var scores: [Double] = []
    try scanner.elements { scanner in
      try scanner.expect(UInt8(ascii: "["))
      try scanner.readString()
      try scanner.withString { try vocabulary.add($0, id: scores.count) }
      try scanner.expect(UInt8(ascii: ","))
      scores.append(try scanner.readNumber())
      try scanner.expect(UInt8(ascii: "]"))
    }
    return (vocabulary, scores)
  }

  /// Merges written as `"a b"` or `["a", "b"]`.
  private static func merges(_ scanner: inout JSONScanner) throws -> MergeList {
    var merges = MergeList(capacity: scanner.remaining / 24)
    try scanner.elements { scanner in
      var isMerge = false
      if scanner.peek() == UInt8(ascii: "[") {
        var parts: [[UInt8]] = []
        try scanner.elements { scanner in
          try scanner.readString()
          parts.append(scanner.withString(Array.init))
        }
        isMerge = parts.count == 2
        if isMerge { merges.append(parts[0], parts[1]) }
      } else {
        try scanner.readString()
        if scanner.withString({ $0.starts(with: "#version".utf8) }) { return }
        isMerge = scanner.withString { merges.append(line: $0) }
      }
      guard isMerge else {
        throw TokenizerError(
          "merge, at model.merges[\(merges.count)]: write it as \"left right\" or [\"left\", \"right\"]")
      }
    }
    return merges
  }

  /// The model.
  ///
  /// - Parameter isByteLevel: whether its pieces are written in the byte alphabet.
  /// - Throws: `TokenizerError` naming what is unknown or malformed.
  func make(isByteLevel: Bool) throws -> any Model {
    let fields = try Fields(.object(options), at: "model")
    switch fields.type ?? typeByFields(fields) {
    case "BPE": return try bpe(fields, isByteLevel: isByteLevel)
    case "WordPiece": return try wordPiece(fields)
    case "WordLevel":
      return WordLevel(try tokens(fields), unknownToken: try fields.string("unk_token", default: "<unk>"))
    case "Unigram": return try unigram(fields)
    default: throw fields.unknown("model")
    }
  }

  /// The type of a model in an old document, which leaves it out.
  private func typeByFields(_ fields: Fields) -> String? {
    if fields.object["type"] != nil { return nil }
    if merges != nil { return "BPE" }
    if scores != nil { return "Unigram" }
    return fields["max_input_chars_per_word"] == nil ? "WordLevel" : "WordPiece"
  }

  private func tokens(_ fields: Fields) throws -> Vocabulary {
    guard let vocabulary, scores == nil else { throw fields.missing("vocab", "an object of ids by token") }
    return try Vocabulary(vocabulary)
  }

  private func wordPiece(_ fields: Fields) throws -> WordPiece {
    WordPiece(
      try tokens(fields), unknownToken: try fields.string("unk_token"),
      prefix: try fields.string("continuing_subword_prefix"),
      longestWord: try fields.int("max_input_chars_per_word"))
  }

  private func unigram(_ fields: Fields) throws -> Unigram {
    guard let vocabulary, let scores else {
      throw fields.missing("vocab", "an array of tokens with their scores")
    }
    let unknown = fields["unk_id"] == nil ? nil : try fields.int("unk_id")
    guard unknown ?? -1 < scores.count else {
      throw TokenizerError(
        "id \(unknown ?? 0), at model.unk_id: the vocabulary has only \(scores.count) tokens")
    }
    return Unigram(
      try Vocabulary(vocabulary, count: scores.count), scores: scores, unknownID: unknown,
      fallsBackToBytes: try fields.bool("byte_fallback", default: false))
  }

  private func bpe(_ fields: Fields, isByteLevel: Bool) throws -> BPE {
    guard let merges else { throw fields.missing("merges", "an array of merges") }
    var options = BPE.Options()
    options.unknownToken = fields["unk_token"] == nil ? nil : try fields.string("unk_token")
    options.continuingSubwordPrefix = try fields.string("continuing_subword_prefix", default: "")
    options.endOfWordSuffix = try fields.string("end_of_word_suffix", default: "")
    options.fusesUnknown = try fields.bool("fuse_unk", default: false)
    options.fallsBackToBytes = try fields.bool("byte_fallback", default: false)
    options.ignoresMerges = try fields.bool("ignore_merges", default: false)
    // Tokens for bytes are written in characters, and affixes with them: such a model takes characters.
    options.isByteLevel = isByteLevel && !options.fallsBackToBytes
    let tokens = try self.tokens(fields)
    let ranked = try merges.ranked(in: tokens, prefixLength: options.continuingSubwordPrefix.utf8.count)
    return BPE(tokens, merges: ranked, options: options)
  }
}
