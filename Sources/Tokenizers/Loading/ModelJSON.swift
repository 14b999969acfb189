import JSON

/// Reads the model of a `tokenizer.json`.
struct ModelJSON {
  private var options = JSONObject()
  private var vocabulary: VocabularyBuilder?
  private var merges: [MergeRule]?

  init() {}

  /// - Throws: `TokenizerError` when the vocabulary or the merges are malformed.
  init(_ scanner: inout JSONScanner) throws {
    var options = JSONObject()
    var vocabulary: VocabularyBuilder?
    var merges: [MergeRule]?
    try scanner.members { scanner in
      let key = String(decoding: scanner.string, as: UTF8.self)
      switch (key, scanner.peek()) {
      case ("vocab", UInt8(ascii: "{")): vocabulary = try Self.vocabulary(&scanner)
      case ("merges", UInt8(ascii: "[")): merges = try Self.merges(&scanner)
      default: options.updateValue(try scanner.readValue(), forKey: key)
      }
    }
    self.options = options
    self.vocabulary = vocabulary
    self.merges = merges
  }

  /// A vocabulary written as an object of ids by token.
  private static func vocabulary(_ scanner: inout JSONScanner) throws -> VocabularyBuilder {
    var vocabulary = VocabularyBuilder(capacity: 1 << 14)
    try scanner.members { scanner in
      let token = scanner.string
      let id = try scanner.readInteger()
      try token.withUnsafeBufferPointer { try vocabulary.add($0, id: id) }
    }
    return vocabulary
  }

  /// Merges written as `"a b"` or `["a", "b"]`.
  private static func merges(_ scanner: inout JSONScanner) throws -> [MergeRule] {
    var merges: [MergeRule] = []
    try scanner.elements { scanner in
      var parts: [[UInt8]] = []
      if scanner.peek() == UInt8(ascii: "[") {
        try scanner.elements { scanner in
          try scanner.readString()
          parts.append(scanner.string)
        }
      } else {
        try scanner.readString()
        parts = scanner.string.split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
      }
      guard parts.count == 2 else {
        throw TokenizerError(
          "merge, at model.merges[\(merges.count)]: write it as \"left right\" or [\"left\", \"right\"]")
      }
      merges.append(MergeRule(left: parts[0], right: parts[1]))
    }
    return merges
  }

  /// The model.
  ///
  /// - Parameter isByteLevel: whether its pieces are written in the byte alphabet.
  /// - Throws: `TokenizerError` naming what is unknown or malformed.
  func make(isByteLevel: Bool) throws -> any Model {
    let fields = try Fields(.object(options), at: "model")
    // Old documents leave the type out.
    switch fields.type ?? (merges == nil ? nil : "BPE") {
    case "BPE": return try bpe(fields, isByteLevel: isByteLevel)
    default: throw fields.unknown("model")
    }
  }

  private func bpe(_ fields: Fields, isByteLevel: Bool) throws -> BPE {
    guard let vocabulary else { throw fields.missing("vocab", "an object of ids by token") }
    guard let merges else { throw fields.missing("merges", "an array of merges") }
    var options = BPE.Options()
    options.unknownToken = fields["unk_token"] == nil ? nil : try fields.string("unk_token")
    options.continuingSubwordPrefix = try fields.string("continuing_subword_prefix", default: "")
    options.endOfWordSuffix = try fields.string("end_of_word_suffix", default: "")
    options.fusesUnknown = try fields.bool("fuse_unk", default: false)
    options.fallsBackToBytes = try fields.bool("byte_fallback", default: false)
    options.ignoresMerges = try fields.bool("ignore_merges", default: false)
    options.isByteLevel = isByteLevel
    let tokens = Vocabulary(vocabulary)
    var ranked: [(left: Int32, right: Int32, result: Int32)] = []
    ranked.reserveCapacity(merges.count)
    let prefix = options.continuingSubwordPrefix.utf8.count
    for (index, merge) in merges.enumerated() {
      ranked.append(try merge.ids(in: tokens, prefixLength: prefix) { "model.merges[\(index)]" })
    }
    return BPE(tokens, merges: ranked, options: options)
  }
}
