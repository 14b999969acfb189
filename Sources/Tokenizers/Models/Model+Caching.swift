/// Tokenizing piece by piece with the help of the cache.
extension Model {
  /// Adds the tokens of every piece of `text`; `work` finds those of pieces that are not in the cache.
  @inline(__always)
  func tokenize(
    _ text: PreTokenizedText, into tokens: inout TokenList, _ scratch: inout Scratch,
    _ work: (UnsafePointer<UInt8>, Int, inout [Symbol]) throws -> Void
  ) throws {
    let word = tokens.wordCount
    try text.text.withBytes { bytes in
      for (number, span) in text.pieces.enumerated() {
        let piece = bytes + span.lower
        switch scratch.cache.find(piece, count: span.count) {
        case .token(let id): tokens.append(id, span.lower, span.upper, word: word + number)
        case .symbols(let place):
          scratch.cache.withSymbols { all in
            let symbols = UnsafeBufferPointer(rebasing: all[place.lower..<place.upper])
            tokens.append(symbols, bytes, span.lower, span.upper, word: word + number)
          }
        case .missing:
          scratch.symbols.removeAll(keepingCapacity: true)
          try work(piece, span.count, &scratch.symbols)
          scratch.symbols.withUnsafeBufferPointer {
            tokens.append($0, bytes, span.lower, span.upper, word: word + number)
          }
          scratch.cache.insert(piece, count: span.count, scratch.symbols)
        }
      }
    }
    tokens.wordCount += text.pieces.count
  }
}
