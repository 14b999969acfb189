/// From text to tokens: added tokens, normalizer, pre-tokenizer, model, post-processor.
extension Tokenizer {
  /// The tokens of a text, or of a pair of texts.
  ///
  /// - Parameter addSpecialTokens: whether to put in what the post-processor adds, such as `<s>` or `[CLS]`.
  /// - Throws: `TokenizerError` when the text cannot be tokenized, as with an unknown character and no unknown token.
  public func encode(_ text: String, pair: String? = nil, addSpecialTokens: Bool = true) throws -> Encoding {
    try scratches.with { scratch in
      var encodings = [try encode(text, sequence: 0, &scratch)]
      if let pair { encodings.append(try encode(pair, sequence: 1, &scratch)) }
      return try finish(encodings, addSpecialTokens: addSpecialTokens)
    }
  }

  /// The tokens of one text, without what the post-processor adds.
  private func encode(_ string: String, sequence: Int, _ scratch: inout Scratch) throws -> Encoding {
    let text = try AlignedText(string)
    var tokens = TokenList()
    tokens.reserve(text.count / 3)
    func addToken(_ match: AddedTokenMatcher.Match, in text: AlignedText) {
      let spelling = String(decoding: text.bytes[match.range], as: UTF8.self)
      if names.modelToken(match.id)?.utf8.elementsEqual(spelling.utf8) != true {
        tokens.spellings[tokens.ids.count] = spelling
      }
      tokens.append(
        Int32(match.id), match.range.lowerBound, match.range.upperBound, word: tokens.wordCount)
      tokens.spans[tokens.spans.count - 1] = text.original(match.range)
      tokens.wordCount += 1
    }
    try forEachPart(of: text, names.added.findInOriginal(text), addToken) { part in
      var part = part
      try normalizer?.normalize(&part)
      try forEachPart(of: part, names.added.findInNormalized(part), addToken) { part in
        var pieces = PreTokenizedText(part)
        try preTokenizer?.split(&pieces)
        let first = tokens.ids.count
        try model.tokenize(pieces, into: &tokens, scratch: &scratch)
        tokens.place(from: first, in: pieces.text)
      }
    }
    return encoding(tokens, of: text, sequence)
  }

  /// Calls `token` for every match that is not empty and `body` for the text between them.
  private func forEachPart(
    of text: AlignedText, _ matches: [AddedTokenMatcher.Match],
    _ token: (AddedTokenMatcher.Match, AlignedText) -> Void, _ body: (AlignedText) throws -> Void
  ) throws {
    var position = 0
    for match in matches {
      if position < match.range.lowerBound { try body(text.slice(position..<match.range.lowerBound)) }
      token(match, text)
      position = match.range.upperBound
    }
    if position < text.count { try body(text.slice(position..<text.count)) }
  }

  private func encoding(
    _ tokens: TokenList, of text: AlignedText, _ sequence: Int
  ) -> Encoding {
    var encoding = Encoding(names: names)
    encoding.ids = tokens.ids
    encoding.spans = tokens.spans
    encoding.words = tokens.words
    encoding.spellings = tokens.spellings
    encoding.sources =
      Array(repeating: nil, count: sequence)
      + [text.isASCII && !tokens.hasUnplaced ? nil : Array(text.bytes[..<text.count])]
    if !tokens.ids.isEmpty {
      encoding.runs = [
        Encoding.Run(count: tokens.ids.count, typeID: sequence, sequence: sequence, source: sequence)
      ]
    }
    return encoding
  }

  /// Cuts what is too long, puts in the special tokens, joins the texts and fills up what is too short.
  private func finish(_ encodings: [Encoding], addSpecialTokens: Bool) throws -> Encoding {
    var encodings = encodings
    if let truncation {
      let special = addSpecialTokens ? postProcessor?.addedTokens(isPair: encodings.count == 2) ?? 0 : 0
      try truncation.cut(&encodings, reserved: special)
    }
    if postProcessor == nil {
      // The reference implementation loses track of which text overflowing parts are from; see `isUnprocessed`.
      for index in encodings.indices {
        for part in encodings[index].overflowing.indices {
          encodings[index].overflowing[part].forgetSequences()
        }
      }
    }
    // So many parts begin with what overflowed of the first text.
    let withoutFirst = encodings[0].overflowing.count * (1 + (encodings.last?.overflowing.count ?? 0))
    let processed = try postProcessor?.process(encodings, addSpecialTokens: addSpecialTokens) ?? encodings
    guard var whole = processed.first else { return Encoding(names: names) }
    for next in processed.dropFirst() { whole.append(next) }
    if postProcessor == nil {
      whole.assumeFirstSequence(inOverflowing: encodings.count == 2 ? withoutFirst : nil)
    }
    guard let padding else { return whole }
    var filled = [whole]
    padding.fill(&filled)
    return filled[0]
  }
}

extension Encoding {
  fileprivate mutating func forgetSequences() {
    for index in runs.indices { runs[index].sequence = nil }
  }

  /// Takes everything to be of the first text where nothing is known: in single texts, and in overflowing parts of
  /// pairs that do not begin with what was kept of the first text.
  ///
  /// - Parameter count: how many such parts there are, before all others; nil for a single text.
  fileprivate mutating func assumeFirstSequence(inOverflowing count: Int?) {
    if count == nil { assumeFirst() }
    for index in overflowing.indices.prefix(count ?? overflowing.count) { overflowing[index].assumeFirst() }
  }

  private mutating func assumeFirst() {
    isUnprocessed = true
    for index in runs.indices { runs[index].sequence = 0 }
  }
}
