/// A row of data as token ids, with what the model is to make of them.
public struct TokenizedExample: Sendable, Hashable {
  /// What a loss compares the model's output with.
  public enum Target: Sendable, Hashable {
    /// A label for each token; ``ignoredLabel`` does not count.
    case tokens([Int32])
    /// The tokens of a text that answers this one; ``ignoredLabel`` does not count.
    case text([Int32])
    /// The class of the whole row.
    case category(Int)
    /// A number for each output: a regression's values, or 0 and 1 for each of several labels.
    case scores([Float])
    /// The first and the last token of an answer.
    case span(Int, Int)
  }

  /// The label of tokens that do not count.
  public static let ignoredLabel: Int32 = -100

  public var ids: [Int32]
  public var target: Target
  /// The segment of each token, for models with segment embeddings.
  public var typeIDs: [Int32]?
  /// Where the row came from, such as `data.jsonl:12`; for messages.
  public var origin: String
  /// Whether something before the row, such as a soft prompt, tells its first token.
  public var isLed = false
  /// The adapter that scores this row, where rows have their own; nil for those that are active.
  public var adapter: String?
  /// Whether training hides some of the tokens that have a label, others each time.
  public var hidesTokens = false
  /// What is looked at in place of a text.
  public var picture: ExamplePicture?
  /// What an answer is cut out of, in scoring.
  public var passage: AnswerPassage?

  public init(ids: [Int32], target: Target, typeIDs: [Int32]? = nil, origin: String = "") {
    self.ids = ids
    self.target = target
    self.typeIDs = typeIDs
    self.origin = origin
  }

  /// Tokens that the row has in all; a picture counts as one.
  public var tokenCount: Int {
    if picture != nil { return 1 }
    return if case .text(let answer) = target { ids.count + answer.count } else { ids.count }
  }

  /// Keeps the first `length` tokens, and says whether there were more.
  @discardableResult
  public mutating func truncate(to length: Int) -> Bool {
    guard ids.count > length else { return false }
    ids.removeLast(ids.count - length)
    if case .tokens(let labels) = target { target = .tokens(Array(labels.prefix(length))) }
    typeIDs = typeIDs.map { Array($0.prefix(length)) }
    return true
  }
}
