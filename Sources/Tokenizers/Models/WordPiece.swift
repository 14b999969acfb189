/// WordPiece: each word is cut into the longest tokens that fit, from the front; a word that cannot be cut so is
/// unknown as a whole (Devlin et al. 2019).
final class WordPiece: Model {
  let vocabulary: Vocabulary
  private let unknownToken: String
  private let longestWord: Int
  private let prefix: [UInt8]

  /// - Parameter prefix: what tokens that continue a word begin with, as `##`.
  /// - Parameter longestWord: longer words, in characters, are unknown.
  init(_ vocabulary: Vocabulary, unknownToken: String, prefix: String, longestWord: Int) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    self.longestWord = longestWord
    self.prefix = Array(prefix.utf8)
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
    guard count > 0 else { return true }
    guard let first = longest(piece, count: count, behind: 0) else { return false }
    symbols.append(first)
    guard first.length < count else { return true }
    // What is left, with the prefix in front, each time where the last token ended.
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: prefix.count + count) { marked in
      guard let base = marked.baseAddress else { return false }
      var position = first.length
      while position < count {
        _ = marked.update(fromContentsOf: prefix)
        let rest = min(count - position, max(vocabulary.longestToken - prefix.count, 0))
        (base + prefix.count).update(from: piece + position, count: rest)
        guard let next = longest(base, count: prefix.count + rest, behind: prefix.count) else { return false }
        symbols.append(next)
        position += next.length
      }
      return true
    }
  }

  /// The longest token that `text` begins with and that reaches beyond `prefix` bytes, which are not part of its
  /// length.
  private func longest(_ text: UnsafePointer<UInt8>, count: Int, behind prefix: Int) -> Symbol? {
    var end = min(count, vocabulary.longestToken)
    while end > prefix {
      if let id = vocabulary.id(text, count: end) { return Symbol(id: id, length: end - prefix) }
      repeat { end -= 1 } while end > prefix && isContinuation(text[end])
    }
    return nil
  }
}
