import JSON

/// The layouts that models came in before `tokenizer.json`, each turned into the parts of a tokenizer as transformers
/// turns it.

/// The parts of the tokenizer in a folder without `tokenizer.json`, or nil when there is none of any kind.
///
/// - Throws: `TokenizerError` naming what is malformed.
func otherLayout(_ folder: ModelFolder, _ config: TokenizerConfig) throws -> TokenizerParts? {
  for name in ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "sentencepiece.model"] {
    guard let bytes = try folder.bytes(name) else { continue }
    if let ranks = TiktokenRanks(bytes) { return try tiktoken(ranks, named: name, config) }
    return try sentencePiece(SentencePieceModel(bytes, at: folder.path(name)), config)
  }
  if let name = folder.names.first(where: { $0.hasSuffix(".tiktoken") || $0 == "tiktoken.model" }) {
    guard let bytes = try folder.bytes(name), let ranks = TiktokenRanks(bytes) else {
      throw TokenizerError("file \(folder.path(name)): its lines must be tokens in base64 with their ranks")
    }
    return try tiktoken(ranks, named: name, config)
  }
  if let vocabulary = try folder.bytes("vocab.json"), let merges = try folder.bytes("merges.txt") {
    return try vocabularyAndMerges(vocabulary, merges, at: folder.path, config)
  }
  if let vocabulary = try folder.bytes("vocab.txt") {
    return try wordPieceVocabulary(vocabulary, config)
  }
  return nil
}

extension TokenizerParts {
  /// A tokenizer of components written as in `tokenizer.json`.
  init(
    _ model: any Model, normalizer: JSONValue? = nil, preTokenizer: JSONValue? = nil,
    postProcessor: JSONValue? = nil, decoder: JSONValue? = nil, config: TokenizerConfig
  ) throws {
    self.model = model
    self.config = config
    self.normalizer = try normalizer.map { try Tokenizers.normalizer($0, at: "normalizer") }
    let leavesBytes = (model as? BPE)?.takesBytes ?? false
    self.preTokenizer = try preTokenizer.map {
      try Tokenizers.preTokenizer($0, at: "pre_tokenizer", leavesBytes: leavesBytes)
    }
    self.postProcessor = try postProcessor.map { try Tokenizers.postProcessor($0, at: "post_processor") }
    self.decoder = try decoder.map { try Tokenizers.decoder($0, at: "decoder") }
  }

  /// Puts the beginning and the end token around texts, where the configuration asks for it.
  mutating func addEnds() throws {
    let names = TokenNames(
      vocabulary: model.vocabulary,
      added: try AddedTokens(
        [addedTokens, config.tokensToAdd(to: addedTokens)], vocabulary: model.vocabulary,
        normalizer: normalizer),
      trimsOffsets: false)
    var specials: [String: TemplateProcessing.Special] = [:]
    func piece(_ flag: String, _ role: String, _ typeID: Int) -> [TemplateProcessing.Piece] {
      guard config.bool(flag) == true, let token = config.token(role), let id = names.id(token) else {
        return []
      }
      specials[token] = .init(ids: [id], tokens: [token])
      return [.special(token, typeID: typeID)]
    }
    func ends(_ sequence: Int) -> [TemplateProcessing.Piece] {
      piece("add_bos_token", "bos_token", sequence) + [.sequence(sequence, typeID: sequence)]
        + piece("add_eos_token", "eos_token", sequence)
    }
    let single = ends(0)
    let pair = single + ends(1)
    postProcessor = TemplateProcessing(single: single, pair: pair, specials: specials)
  }
}
