/// Turns pieces of pre-tokenized text into tokens.
protocol Model: Sendable {
  /// The tokens and their ids.
  var vocabulary: Vocabulary { get }

  /// Adds the tokens of every piece of `text` to `tokens`.
  func tokenize(_ text: PreTokenizedText, into tokens: inout TokenList, scratch: inout Scratch) throws
}

/// What one encoding at a time works with; kept between encodings for its memory and its cache.
struct Scratch {
  var cache = PieceCache()
  var merger = Merger()
  var symbols: [Symbol] = []
  var path = ViterbiPath()
}

/// Tokens as a model finds them, in order.
struct TokenList {
  var ids: [Int] = []
  /// Where each token lies in the normalized text; where it comes from in the original, once `place` was called.
  var spans: [Span] = []
  /// The number of the piece each token is from.
  var words: [UInt32] = []
  /// Tokens written otherwise than their ids say, by position.
  var spellings: [Int: String] = [:]
  /// Whether some span reaches beyond its piece.
  private(set) var hasUnplaced = false
  /// How many pieces there have been.
  var wordCount = 0

  /// Marks a span that reaches beyond its piece and so has no place in the original: it is kept as it is.
  static let unplaced: UInt32 = 1 << 31

  /// Makes room for about `count` tokens.
  mutating func reserve(_ count: Int) {
    ids.reserveCapacity(count)
    spans.reserveCapacity(count)
    words.reserveCapacity(count)
  }

  @inline(__always)
  mutating func append(_ id: Int32, _ start: Int, _ end: Int, word: Int) {
    ids.append(Int(id))
    spans.append(Span(start, end))
    words.append(UInt32(truncatingIfNeeded: word))
  }

  /// Adds `symbols`, found one after the other in the piece at `start..<end` of `text`.
  @inline(__always)
  mutating func append(
    _ symbols: UnsafeBufferPointer<Symbol>, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, word: Int
  ) {
    var position = start
    for symbol in symbols {
      let next = position + symbol.length
      if symbol.isSpelled {
        let spelled = UnsafeBufferPointer(start: text + position, count: symbol.length)
        spellings[ids.count] = String(decoding: spelled, as: UTF8.self)
      }
      if next <= end {
        append(symbol.id, position, next, word: word)
      } else {
        append(symbol.id, position - start | Int(Self.unplaced), next - start, word: word)
        hasUnplaced = true
      }
      if !symbol.sharesPlace { position = next }
    }
  }

  /// Turns the places of the tokens from number `first` on into places in the original.
  mutating func place(from first: Int, in text: AlignedText) {
    if text.spans == nil, text.origin == 0, !hasUnplaced, text.isASCII { return }
    for index in first..<spans.count {
      let span = spans[index]
      if span.start & Self.unplaced != 0 {
        spans[index].start = span.start & ~Self.unplaced
      } else if !span.isEmpty {
        spans[index] = text.original(span.lower..<span.upper)
      }
    }
  }
}
