import JSON
import Tokenizers
import Training

/// A row for a model that names hidden words: a text or a pair, of which training hides some tokens each time; or
/// `input_ids` with `labels`, which are taken as they are.
struct MaskedRow {
  let example: TokenizedExample

  init(_ row: DataRow, _ builder: ExampleBuilder) throws {
    if let ids = try builder.tokenIDs(row), let labels = try builder.integers("labels", row) {
      var example = try builder.aligned(ids, labels, row)
      example.typeIDs = try builder.integers("token_type_ids", row)
      self.example = example
      return
    }
    var example: TokenizedExample
    if let ids = try builder.tokenIDs(row) {
      example = TokenizedExample(ids: ids, target: .tokens(ids), origin: row.origin)
    } else {
      let tokenizer = try builder.needTokenizer(row)
      let (text, pair) = try ClassificationRow.texts(row, builder.options.textColumns)
      let encoding = try tokenizer.encode(text, pair: pair)
      let ids = encoding.ids.map { Int32(clamping: $0) }
      example = TokenizedExample(
        ids: ids, target: .tokens(ids),
        typeIDs: pair == nil ? nil : encoding.typeIDs.map { Int32(clamping: $0) },
        origin: row.origin)
    }
    let names = builder.tokenizer?.specialTokens
    let special = Set(names?.tokens.keys.compactMap { names?.id($0) } ?? [])
    example.target = .tokens(
      example.ids.map { special.contains(Int($0)) ? TokenizedExample.ignoredLabel : $0 })
    example.hidesTokens = true
    self.example = example
  }
}

extension ExampleBuilder {
  /// How tokens are hidden; nil when no example asks for it.
  func masking(_ examples: [TokenizedExample]) throws -> TokenMasking? {
    guard let first = examples.first(where: \.hidesTokens) else { return nil }
    guard let id = tokenizer?.specialTokens.maskTokenID else {
      throw TrainingError(
        .data,
        "no mask token, \(first.origin), for the tokenizer: set mask_token in tokenizer_config.json, or give "
          + "input_ids and labels")
    }
    return TokenMasking(maskID: id, vocabularySize: vocabularySize)
  }
}
