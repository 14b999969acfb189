import JSON

/// How often each piece of text occurs, after normalizing and pre-tokenizing, in the order in which they first occur.
struct WordCounts {
  private(set) var words: [[UInt8]] = []
  private(set) var counts: [Int] = []

  /// - Throws: `TokenizerError` when a component is malformed.
  init(_ texts: some Sequence<String>, normalizer: JSONValue?, preTokenizer: JSONValue?) throws {
    let normalizer = try normalizer.map { try Tokenizers.normalizer($0, at: "normalizer") }
    let preTokenizer = try preTokenizer.map {
      try Tokenizers.preTokenizer($0, at: "pre_tokenizer", leavesBytes: false)
    }
    let numbers = ByteStringTable(capacity: 1 << 12)
    for text in texts {
      var aligned = try AlignedText(text)
      try normalizer?.normalize(&aligned)
      var pieces = PreTokenizedText(aligned)
      try preTokenizer?.split(&pieces)
      pieces.text.withBytes { bytes in
        for piece in pieces.pieces {
          let word = UnsafeBufferPointer(start: bytes + piece.lower, count: piece.count)
          if let number = numbers.find(bytes + piece.lower, count: piece.count) {
            counts[Int(number)] += 1
          } else {
            numbers.insert(word, Int32(words.count))
            words.append(Array(word))
            counts.append(1)
          }
        }
      }
    }
  }
}
