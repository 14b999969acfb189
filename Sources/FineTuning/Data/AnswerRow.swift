import JSON
import Tokenizers
import Training

/// A question with the passage that answers it, as SQuAD has them: `question`, `context`, and `answers` with `text` and
/// `answer_start` (in characters).
struct AnswerRow {
  let question, context, identifier: String
  /// The right answers, and where the first begins in the passage, in UTF-8 bytes.
  let answers: [String]
  let start: Int?

  init(_ row: DataRow) throws {
    guard let question = row.text("question"), let context = row.text("context") else {
      throw TrainingError(
        .data,
        "a row without question and context, \(row.origin): write {\"question\", \"context\", \"answers\": "
          + "{\"text\": [...], \"answer_start\": [...]}}")
    }
    (self.question, self.context) = (question, context)
    identifier = row.text("id") ?? row.origin
    let pairs = try Self.pairs(row)
    answers = pairs.map(\.text)
    guard let first = pairs.first else {
      start = nil
      return
    }
    let scalars = context.unicodeScalars
    guard first.start >= 0, first.start <= scalars.count,
      let place = scalars.index(scalars.startIndex, offsetBy: first.start, limitedBy: scalars.endIndex),
      scalars[place...].starts(with: first.text.unicodeScalars)
    else {
      throw TrainingError(
        .data,
        "the answer '\(first.text.prefix(40))' does not begin at character \(first.start) of the context, "
          + "\(row.origin): mend answer_start")
    }
    start = context[..<place].utf8.count
  }

  private static func pairs(_ row: DataRow) throws -> [(text: String, start: Int)] {
    func wrong() -> TrainingError {
      TrainingError(
        .data,
        "answers without text and answer_start, \(row.origin): write {\"text\": [...], \"answer_start\": [...]}"
      )
    }
    guard let answers = row["answers"] else {
      guard let text = row.text("answer") else { return [] }
      guard let start = row["answer_start"]?.intValue else { throw wrong() }
      return [(text, start)]
    }
    if let list = answers.arrayValue {
      return try list.map { item in
        guard let text = item["text"]?.stringValue, let start = item["answer_start"]?.intValue else {
          throw wrong()
        }
        return (text, start)
      }
    }
    guard let texts = answers["text"]?.arrayValue?.compactMap(\.stringValue),
      let starts = answers["answer_start"]?.arrayValue?.compactMap(\.intValue), texts.count == starts.count
    else { throw wrong() }
    return zip(texts, starts).map { ($0, $1) }
  }
}

extension ExampleBuilder {
  /// Tokens that consecutive parts of a long passage share.
  private static let overlap = 128

  /// An example for each part of a passage that fits beside its question.
  func answerExamples(_ rows: [DataRow]) throws -> ExampleSet {
    let length = min(limit, options.maxLength ?? 384)
    let numbered = rows.enumerated().map { (index: $0.offset, row: $0.element) }
    let parts = try concurrentMap(numbered) { item in
      if let ids = try tokenIDs(item.row) { return [try tokenized(ids, item.row)] }
      let answer = try AnswerRow(item.row)
      let tokenizer = try needTokenizer(item.row)
      let asked = try tokenizer.encode(answer.question, pair: "")
      guard asked.count < length else {
        throw TrainingError(
          .data,
          "a question of \(asked.count) tokens, \(item.row.origin): it leaves no room in \(length); raise --max-length"
        )
      }
      let room = length - asked.count
      let cut = Truncation(maxLength: length, stride: min(Self.overlap, room / 2), strategy: .onlySecond)
      let whole = try tokenizer.truncating(cut).encode(answer.question, pair: answer.context)
      return try ([whole] + whole.overflowing).map { try part($0, answer, item.index, item.row) }
    }
    let examples = parts.flatMap(\.self)
    let more = examples.count - rows.count
    return ExampleSet(
      examples, packedLength: length, padding: padding,
      warnings: more > 0
        ? ["\(rows.count) questions make \(examples.count) examples of \(length) tokens"] : [])
  }

  /// A row of `input_ids` with the tokens that the answer begins and ends with, `start_positions` and `end_positions`.
  private func tokenized(_ ids: [Int32], _ row: DataRow) throws -> TokenizedExample {
    let (first, last) = (row["start_positions"]?.intValue, row["end_positions"]?.intValue)
    guard let first, let last, ids.indices.contains(first), ids.indices.contains(last) else {
      throw TrainingError(
        .data,
        "input_ids without start_positions and end_positions among \(ids.count) tokens, \(row.origin): give both"
      )
    }
    let example = TokenizedExample(
      ids: ids, target: .span(first, last), typeIDs: try integers("token_type_ids", row), origin: row.origin)
    try check(example)
    guard ids.count <= limit else {
      throw TrainingError(.data, "\(ids.count) tokens, \(row.origin): at most \(limit) fit; shorten the row")
    }
    return example
  }

  private func part(_ encoding: Encoding, _ answer: AnswerRow, _ index: Int, _ row: DataRow) throws
    -> TokenizedExample
  {
    let spans = zip(encoding.sequenceIDs, encoding.byteOffsets).map { $0 == 1 ? $1 : nil }
    var example = TokenizedExample(
      ids: encoding.ids.map { Int32(clamping: $0) }, target: .span(0, 0),
      typeIDs: encoding.typeIDs.map { Int32(clamping: $0) }, origin: row.origin)
    // A part without the whole answer points at its first token.
    if let start = answer.start, let text = answer.answers.first {
      let end = start + text.utf8.count
      let first = spans.firstIndex { $0.map { $0.lowerBound <= start && start < $0.upperBound } ?? false }
      let last = spans.lastIndex { $0.map { $0.lowerBound < end && end <= $0.upperBound } ?? false }
      if let first, let last, first <= last { example.target = .span(first, last) }
    }
    example.passage = AnswerPassage(
      question: index, identifier: answer.identifier, text: Array(answer.context.utf8), spans: spans,
      answers: answer.answers)
    try check(example)
    return example
  }
}
