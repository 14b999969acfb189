/// Splits at the matches of a pattern.
struct SplitPreTokenizer: PreTokenizer {
  let pattern: any Pattern
  let behavior: SplitBehavior
  let isInverted: Bool

  func split(_ text: inout PreTokenizedText) throws {
    try text.split(at: pattern, behavior, isInverted: isInverted)
  }
}
