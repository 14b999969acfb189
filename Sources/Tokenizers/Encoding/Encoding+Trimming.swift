/// Leaving white space out of the places of tokens.
extension Encoding {
  /// Moves the bounds of every token inside the white space it begins and ends with.
  ///
  /// - Parameter keepsPrefix: whether the single space that a first token begins with was put there by the
  ///   tokenizer, and so is not in the text.
  mutating func trimOffsets(keepsPrefix: Bool) {
    var start = 0
    for run in runs {
      let range = start..<start + run.count
      start += run.count
      let text = run.source.flatMap { sources[$0] }
      for index in range {
        var (leading, trailing) = spellings[index].map(TokenNames.spaces) ?? names.spaces(ids[index])
        if leading == 0, trailing == 0 { continue }
        if keepsPrefix, leading == 1, index == 0 || spans[index].start == 0 { leading = 0 }
        spans[index] = trimmed(spans[index], leading, trailing, text)
      }
    }
    for index in overflowing.indices { overflowing[index].trimOffsets(keepsPrefix: keepsPrefix) }
  }

  private func trimmed(_ span: Span, _ leading: Int, _ trailing: Int, _ text: [UInt8]?) -> Span {
    // What reaches beyond the text has no characters to step over.
    let text = text.flatMap { $0.count < span.upper ? nil : $0 }
    var lower = span.lower
    var upper = span.upper
    for _ in 0..<leading where lower < upper {
      lower += 1
      while let text, lower < upper, isContinuation(text[lower]) { lower += 1 }
    }
    // Not where the text before the end is shorter than what would be left out of it.
    if trailing > 0, characters(before: span.upper, text, enough: trailing) < trailing {
      return Span(lower, upper)
    }
    for _ in 0..<trailing where upper > lower {
      upper -= 1
      while let text, upper > lower, isContinuation(text[upper]) { upper -= 1 }
    }
    return Span(lower, upper)
  }

  /// How many characters there are before a position, counted no further than needed.
  private func characters(before position: Int, _ text: [UInt8]?, enough: Int) -> Int {
    guard let text, position < enough * 4 else { return position }
    return text[..<min(position, text.count)].reduce(0) { $0 + (isContinuation($1) ? 0 : 1) }
  }
}
