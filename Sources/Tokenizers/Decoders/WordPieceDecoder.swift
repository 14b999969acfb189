/// Joins tokens that continue a word to the one before, and parts words by spaces.
struct WordPieceDecoder: Decoder {
  private let prefix: [UInt8]
  private let cleansUp: Bool

  /// - Throws: `TokenizerError` when a field is missing or malformed.
  init(_ fields: Fields) throws {
    prefix = Array(try fields.string("prefix").utf8)
    cleansUp = try fields.bool("cleanup")
  }

  func decode(_ tokens: inout [[UInt8]]) {
    for index in tokens.indices {
      if index > 0 {
        tokens[index] =
          tokens[index].starts(with: prefix)
          ? Array(tokens[index].dropFirst(prefix.count)) : [UInt8(ascii: " ")] + tokens[index]
      }
      if cleansUp { tokens[index] = cleanedUp(tokens[index]) }
    }
  }
}

/// English text without the spaces that tokenizing put before punctuation and contractions.
func cleanedUp(_ text: [UInt8]) -> [UInt8] {
  guard text.contains(UInt8(ascii: " ")) else { return text }
  return cleanups.reduce(text) { $0.replacing($1.old, with: $1.new) }
}

private let cleanups: [(old: [UInt8], new: [UInt8])] = [
  (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
  (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
].map { (Array($0.utf8), Array($1.utf8)) }
