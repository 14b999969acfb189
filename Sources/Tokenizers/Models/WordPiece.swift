/// WordPiece: each word is cut into the longest tokens that fit, from the front; a word that cannot be cut so is
/// unknown as a whole (Devlin et al. 2019).
final class WordPiece: Model {
  let vocabulary: Vocabulary
  private let unknownToken: String
  private let longestWord: Int
  private let beginnings: DoubleArrayTrie
  private let continuations: DoubleArrayTrie

  /// - Parameter prefix: what tokens that continue a word begin with, as `##`.
  /// - Parameter longestWord: longer words, in characters, are unknown.
  init(_ vocabulary: Vocabulary, unknownToken: String, prefix: String, longestWord: Int) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    self.longestWord = longestWord
    let prefix = Array(prefix.utf8)
    var all: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)] = []
    var continuing: [(bytes: UnsafeBufferPointer<UInt8>, value: Int32)] = []
    for id in 0..<vocabulary.idLimit {
      guard let token = vocabulary.uniqueBytes(id) else { continue }
      all.append((token, Int32(id)))
      if token.starts(with: prefix) {
        continuing.append((UnsafeBufferPointer(rebasing: token.dropFirst(prefix.count)), Int32(id)))
      }
    }
    beginnings = DoubleArrayTrie(all)
    continuations = DoubleArrayTrie(continuing)
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
      let trie = position == 0 ? beginnings : continuations
      guard let found = trie.longestPrefix(piece + position, count: count - position) else { return false }
      symbols.append(Symbol(id: found.value, length: found.length))
      position += found.length
    }
    return true
  }
}
