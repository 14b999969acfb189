/// Pre-tokenizers that cut a text into runs of like characters.

/// Splits as BERT does: at white space, which is dropped, and around every punctuation character.
struct BertPreTokenizer: PreTokenizer {
  func split(_ text: inout PreTokenizedText) {
    text.cutRuns { scalar in
      if scalar < 0x80 { return asciiClasses.base[Int(scalar)] }
      if unicode.isWhitespace(scalar) { return RunClass.dropped }
      return characterSets.punctuation[scalar] != 0 ? RunClass.alone : 1
    }
  }
}

private let asciiClasses: Block<UInt8> = {
  let table = Block<UInt8>(repeating: 1, count: 128)
  for byte in 0..<128 {
    if unicode.isWhitespace(UInt32(byte)) { table.base[byte] = RunClass.dropped }
    if characterSets.punctuation[UInt32(byte)] != 0 { table.base[byte] = RunClass.alone }
  }
  return table
}()

/// Splits into runs of word characters and runs of others that are not white space, `\w+|[^\w\s]+`.
struct WhitespacePreTokenizer: PreTokenizer {
  func split(_ text: inout PreTokenizedText) {
    text.cutRuns { scalar in
      if characterSets.word[scalar] != 0 { return 1 }
      return unicode.isWhitespace(scalar) ? RunClass.dropped : 2
    }
  }
}

/// Splits at white space, which is dropped.
struct WhitespaceSplitPreTokenizer: PreTokenizer {
  func split(_ text: inout PreTokenizedText) {
    text.cutRuns { unicode.isWhitespace($0) ? RunClass.dropped : 1 }
  }
}

/// What to do with a character: any other number joins it with neighbours of the same number.
enum RunClass {
  static let dropped: UInt8 = 0
  static let alone: UInt8 = 255
}

extension PreTokenizedText {
  /// Cuts every piece into runs of characters of the same class.
  @inline(__always)
  mutating func cutRuns(_ classOf: (UInt32) -> UInt8) {
    var cut: [Span] = []
    cut.reserveCapacity(max(pieces.count, text.count / 5))
    text.withBytes { bytes in
      for piece in pieces {
        var position = piece.lower
        var start = position
        var current = RunClass.dropped
        while position < piece.upper {
          let next = scalar(bytes, at: position)
          let following = classOf(next.value)
          if following != current || following == RunClass.alone {
            if current != RunClass.dropped { cut.append(Span(start, position)) }
            start = position
            current = following
          }
          position += next.length
        }
        if current != RunClass.dropped { cut.append(Span(start, position)) }
      }
    }
    pieces = cut
  }
}
