/// A regular expression, matched as Oniguruma matches it, on pinned Unicode data and in bounded time.
struct RegularExpression: Pattern {
  let source: String
  private let program: RegexProgram

  /// - Throws: `TokenizerError` when the expression is malformed or uses what is not supported.
  init(_ source: String) throws {
    self.source = source
    var parser = RegexParser(source)
    program = try RegexProgram(try parser.parse(), source: source)
  }

  func find(in text: UnsafePointer<UInt8>, _ range: Range<Int>, _ matches: inout [Span]) throws {
    if range.isEmpty { return }
    var matcher = RegexMatcher(program, text, range)
    var position = range.lowerBound
    var previousEnd = -1
    do {
      while position <= range.upperBound, let match = try matcher.next(from: position) {
        if match.isEmpty, match.lowerBound == previousEnd {
          // An empty match right behind another match does not count.
          position = match.lowerBound
          position += position < range.upperBound ? utf8Length(leading: text[position]) : 1
          continue
        }
        matches.append(Span(match.lowerBound, match.upperBound))
        position = match.upperBound
        previousEnd = match.upperBound
      }
    } catch is RegexMatcher.Exploded {
      throw TokenizerError(
        "regular expression \(source), on a text of \(range.count) bytes: it goes back too often, write it so that "
          + "it cannot match the same text in many ways")
    }
  }
}
