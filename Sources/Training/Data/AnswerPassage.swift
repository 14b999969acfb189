/// The text that an answer is cut out of, as far as one example shows it.
public struct AnswerPassage: Sendable, Hashable {
  /// The question's number; several examples show parts of a passage that is too long for one.
  public var question: Int
  /// What identifies the question to others, such as SQuAD's `id`.
  public var identifier: String
  /// The whole passage in UTF-8.
  public var text: [UInt8]
  /// The bytes of each token; nil for tokens that are not of the passage.
  public var spans: [Range<Int>?]
  /// The answers that are right; none for a question that the passage does not answer.
  public var answers: [String]

  public init(question: Int, identifier: String, text: [UInt8], spans: [Range<Int>?], answers: [String]) {
    (self.question, self.identifier, self.text) = (question, identifier, text)
    (self.spans, self.answers) = (spans, answers)
  }

  /// What lies between two tokens, both included.
  func text(from first: Int, through last: Int) -> String? {
    guard let start = spans[first]?.lowerBound, let end = spans[last]?.upperBound, start <= end,
      end <= text.count
    else { return nil }
    return String(decoding: text[start..<end], as: UTF8.self)
  }
}
