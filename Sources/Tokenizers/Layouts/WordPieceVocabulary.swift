import JSON

/// BERT's layout: `vocab.txt`, a token on every line.

/// The parts of a BERT tokenizer.
///
/// - Throws: `TokenizerError` when the file is malformed.
func wordPieceVocabulary(_ text: [UInt8], _ config: TokenizerConfig) throws -> TokenizerParts {
  var config = config
  for (role, token) in [
    ("unk_token", "[UNK]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"), ("cls_token", "[CLS]"),
    ("mask_token", "[MASK]"),
  ] { config.setDefault(role, token) }
  var vocabulary = VocabularyBuilder(capacity: 1 << 15)
  var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
  if lines.last?.isEmpty == true { lines.removeLast() }
  for (id, line) in lines.enumerated() {
    let token = line.last == 0x0D ? line.dropLast() : line
    try token.withUnsafeBufferPointer { try vocabulary.add($0, id: id) }
  }
  let tokens = try Vocabulary(vocabulary)
  let normalizer: JSONValue = [
    "type": "BertNormalizer", "clean_text": true,
    "handle_chinese_chars": .bool(config.bool("tokenize_chinese_chars") ?? true),
    "strip_accents": config.bool("strip_accents").map(JSONValue.bool) ?? .null,
    "lowercase": .bool(config.bool("do_lower_case") ?? true),
  ]
  let first = config.token("cls_token") ?? ""
  let last = config.token("sep_token") ?? ""
  var parts = try TokenizerParts(
    WordPiece(tokens, unknownToken: config.token("unk_token") ?? "[UNK]", prefix: "##", longestWord: 100),
    normalizer: normalizer, preTokenizer: ["type": "BertPreTokenizer"],
    decoder: ["type": "WordPiece", "prefix": "##", "cleanup": true], config: config)
  let added = try AddedTokens(
    [[], config.tokensToAdd(to: [])], vocabulary: tokens, normalizer: parts.normalizer)
  let names = TokenNames(vocabulary: tokens, added: added, trimsOffsets: false)
  func special(_ token: String) -> TemplateProcessing.Special {
    .init(ids: [names.id(token) ?? 0], tokens: [token])
  }
  let single: [TemplateProcessing.Piece] = [
    .special(first, typeID: 0), .sequence(0, typeID: 0), .special(last, typeID: 0),
  ]
  parts.postProcessor = TemplateProcessing(
    single: single, pair: single + [.sequence(1, typeID: 1), .special(last, typeID: 1)],
    specials: [first: special(first), last: special(last)])
  return parts
}
