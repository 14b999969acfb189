/// WordPiece: each word is cut into the longest tokens that fit, from the front; a word that cannot be cut so is
/// unknown as a whole (Devlin et al. 2019).
final class WordPiece: Model {
  let vocabulary: Vocabulary
  private let unknownToken: String
  private let longestWord: Int
  private let tokens: DoubleArrayTrie
  /// Where in the trie the tokens that continue a word go on behind their prefix; -1 when there are none.
  private let continuations: Int32

  /// - Parameter prefix: what tokens that continue a word begin with, as `##`.
  /// - Parameter longestWord: longer words, in characters, are unknown.
  init(_ vocabulary: Vocabulary, unknownToken: String, prefix: String, longestWord: Int) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    self.longestWord = longestWord
    tokens = DoubleArrayTrie(vocabulary)
    continuations = tokens.node(behind: prefix.utf8)
  }

  func tokenize(_ text: PreTokenizedText, into tokens: inout TokenList, scratch: inout Scratch) throws {
    try tokenize(text, into: &tokens, &scratch) { piece, count, symbols in
      if !cut(piece, count: count, &symbols) {
        guard let unknown = vocabulary.id(unknownToken) else {
          throw TokenizerError(
            "unknown token \"\(unknownToken)\", in the WordPiece model: add it to the vocabulary")
        }
        symbols = [Symbol(id: unknown, length: count)]
      }
    }
  }

  /// Cuts a word into tokens, if it can be cut.
  private func cut(_ piece: UnsafePointer<UInt8>, count: Int, _ symbols: inout [Symbol]) -> Bool {
    if count > longestWord {
      let characters = UnsafeBufferPointer(start: piece, count: count).reduce(0) {
        $0 + (isContinuation($1) ? 0 : 1)
      }
      if characters > longestWord { return false }
    }
    var position = 0
    while position < count {
      let node = position == 0 ? DoubleArrayTrie.root : continuations
      guard node >= 0, let found = tokens.longestPrefix(piece + position, count: count - position, from: node)
      else { return false }
      symbols.append(Symbol(id: found.value, length: found.length))
      position += found.length
    }
    return true
  }
}
