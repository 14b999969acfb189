/// Every piece is a token, or unknown.
final class WordLevel: Model {
  let vocabulary: Vocabulary
  private let unknownToken: String

  init(_ vocabulary: Vocabulary, unknownToken: String) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
  }

  func tokenize(_ text: PreTokenizedText, into tokens: inout TokenList, scratch: inout Scratch) throws {
    try tokenize(text, into: &tokens, &scratch) { piece, count, symbols in
      guard let id = vocabulary.id(piece, count: count) ?? vocabulary.id(unknownToken) else {
        throw TokenizerError(
          "unknown token \"\(unknownToken)\", in the WordLevel model: add it to the vocabulary")
      }
      symbols.append(Symbol(id: id, length: count))
    }
  }
}
