/// A text, or a pair of texts, as tokens.
///
/// Only the ids are kept as they are; everything else is kept in little room and worked out, in time linear in the
/// number of tokens, whenever it is asked for: keep what you use more than once.
public struct Encoding: Sendable {
  /// The token ids.
  public internal(set) var ids: [Int] = []
  /// What truncation cut off, in parts of the same length.
  public internal(set) var overflowing: [Encoding] = []

  /// Original byte positions of every token.
  var spans: [Span] = []
  /// The piece every token is from; `noWord` for tokens that are not from the text.
  var words: [UInt32] = []
  var runs: [Run] = []
  /// The texts, first and second; nil where characters and bytes are the same.
  var sources: [[UInt8]?] = []
  /// Tokens written otherwise than the model writes their ids, by position.
  var spellings: [Int: String] = [:]
  /// Whether no post-processor has said which tokens belong to which text: all are then of the first.
  var isUnprocessed = false
  var names: TokenNames

  static let noWord = UInt32.max

  /// Tokens in a row that have these in common.
  struct Run {
    var count: Int
    var typeID: Int
    /// Which of the two texts the tokens belong to, if either.
    var sequence: Int?
    /// Which text the positions refer to.
    var source: Int?
    var isSpecial = false
    var isPadding = false
  }

  init(names: TokenNames) { self.names = names }

  /// The number of tokens.
  public var count: Int { ids.count }

  /// The tokens as the vocabulary writes them.
  public var tokens: [String] {
    ids.enumerated().map { index, id in spellings[index] ?? names.modelToken(id) ?? "" }
  }

  /// Where each token comes from in its text, in Unicode scalars; `0..<0` for tokens that are not from the text.
  public var offsets: [Range<Int>] {
    var offsets: [Range<Int>] = []
    offsets.reserveCapacity(count)
    forEachRun { run, range in
      guard let source = run.source, let bytes = sources[source] else {
        for span in spans[range] { offsets.append(span.lower..<span.upper) }
        return
      }
      bytes.withUnsafeBufferPointer { bytes in
        var cursor = ScalarCursor(bytes)
        for span in spans[range] { offsets.append(cursor.characters(of: span)) }
      }
    }
    return offsets
  }

  /// Where each token comes from in its text, in UTF-8 bytes.
  public var byteOffsets: [Range<Int>] { spans.map { $0.lower..<$0.upper } }

  /// Which segment each token belongs to, as models with segment embeddings want to know.
  public var typeIDs: [Int] { expanded { $0.typeID } }

  /// 1 for tokens that were put in around and after the text, 0 for those of the text.
  public var specialTokensMask: [Int] { expanded { $0.isSpecial || $0.isPadding ? 1 : 0 } }

  /// 0 for padding, 1 for everything else.
  public var attentionMask: [Int] { expanded { $0.isPadding ? 0 : 1 } }

  /// The pre-tokenized piece each token is part of, counted from 0; nil for tokens that are not from the text.
  public var wordIDs: [Int?] { words.map { $0 == Self.noWord ? nil : Int($0) } }

  /// Which of the texts each token is from, 0 or 1; nil for tokens that are from neither.
  public var sequenceIDs: [Int?] { expanded { $0.sequence } }

  private func expanded<Value>(_ value: (Run) -> Value) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for run in runs { values += repeatElement(value(run), count: run.count) }
    return values
  }

  private func forEachRun(_ body: (Run, Range<Int>) -> Void) {
    var start = 0
    for run in runs {
      body(run, start..<start + run.count)
      start += run.count
    }
  }
}
