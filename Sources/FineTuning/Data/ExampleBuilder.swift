import Configuration
import Images
import JSON
import Models
import NN
import PEFT
import Tokenizers
import Training

/// Turns rows of data into token ids with what the model is to make of them.
public struct ExampleBuilder: Sendable {
  let tokenizer: Tokenizer?
  /// Of rows with messages; nil when the tokenizer has no chat template.
  let chat: ChatFormat?
  let options: DataOptions
  let objective: Objective
  /// The classes of a classifier; nil for other tasks.
  let labels: LabelMap?
  let vocabularySize: Int
  let contextLength: Int
  /// Whether a soft prompt before each row tells its first token.
  let isLed: Bool
  let limitsLength: Bool
  let padding: Int
  let endOfText: Int?
  /// Whether rows must say what to learn; logits need no target.
  let needsTargets: Bool
  /// What is done to pictures; nil for models that read texts.
  let pictures: PictureReader?

  /// - Parameters:
  ///   - tokenizer: nil for rows that are tokenized already.
  ///   - prompt: the soft prompt that the model is going to have, if it has it not yet.
  ///   - pictures: what is done to pictures before the model sees them.
  /// - Throws: ``ConfigurationError`` for a prompt that leaves no room for a text.
  public init(
    _ model: any Model, objective: Objective, tokenizer: Tokenizer?, options: DataOptions = DataOptions(),
    needsTargets: Bool = true, prompt: (any PromptMethod)? = nil, pictures: ImageProcessor? = nil
  ) throws {
    let config = model.configuration
    // What tokenizer.json says of lengths was meant for another program: batches are filled up and rows cut here.
    self.tokenizer = tokenizer?.truncating(nil).padding(nil)
    (self.options, self.objective) = (options, objective)
    self.needsTargets = needsTargets
    chat = tokenizer?.chatTemplate == nil ? nil : try tokenizer.map { try ChatFormat($0) }
    labels = objective == .category ? try config.labelMap(options.glue) : nil
    self.pictures = (model as? any VisionModel).map { PictureReader($0.picture, pictures) }
    vocabularySize = try self.pictures == nil ? config.text.size("vocab_size") : 0
    let promptLength = prompt?.common.virtualTokens ?? 0
    guard promptLength < model.contextLength else {
      throw ConfigurationError(
        "num_virtual_tokens", value: promptLength,
        rule: "must be below \(model.contextLength), the model's context, to leave room for texts")
    }
    contextLength = model.contextLength - promptLength
    limitsLength = model.limitsLength
    isLed = prompt?.reading.isText ?? model.store.prompts?.working?.isText ?? false
    endOfText = try tokenizer?.specialTokens.eosTokenID ?? config.endOfTextIDs.first
    let known: Int? = try? config.optional("pad_token_id")
    padding = known ?? tokenizer?.specialTokens.padTokenID ?? endOfText ?? 0
  }

  /// The rows as examples, tokenized on all cores.
  ///
  /// - Throws: ``TrainingError`` naming the row that cannot be used.
  public func examples(_ rows: [DataRow]) throws -> ExampleSet {
    if objective == .answer { return try answerExamples(rows) }
    if let pictures {
      return ExampleSet(
        try concurrentMap(rows, block: 16) { row in
          var example = try ClassificationRow(row, self, picture: pictures.picture(row)).example
          example.adapter = row.text("adapter")
          return example
        })
    }
    let made = try concurrentMap(rows) { row in
      var example = try self.example(row)
      example.adapter = row.text("adapter")
      example.isLed = self.isLed
      try self.check(example)
      let (length, answer) = (example.ids.count, example.tokenCount - example.ids.count)
      let isCut = length > self.limit || answer > self.answerLimit
      if isCut { try self.cut(&example, row) }
      guard !isCut || !self.options.strict else {
        throw TrainingError(
          .data,
          "\(length > limit ? length : answer) tokens, \(row.origin): at most "
            + "\(length > limit ? limit : answerLimit) fit; shorten the row, or leave out --strict")
      }
      return (example, isCut)
    }
    let (examples, cut) = (made.map(\.0), made.filter(\.1).count)
    var warnings = cut == 0 ? [] : ["\(cut) of \(rows.count) rows were cut to \(limit) tokens"]
    let silent = needsTargets ? examples.filter { !hasTarget($0) } : []
    if let first = silent.first {
      guard silent.count < examples.count else {
        throw TrainingError(
          .data,
          "no row has a token to learn, \(first.origin): check completions and labels, or raise --max-length")
      }
      warnings.append(
        "\(silent.count) of \(rows.count) rows have no token to learn, the first is \(first.origin)")
    }
    return try ExampleSet(
      examples, packedLength: options.maxLength == nil ? min(limit, 1024) : limit, padding: padding,
      masking: masking(examples), warnings: warnings)
  }

  /// The tokens of a row at most.
  var limit: Int {
    let asked = options.maxLength ?? contextLength
    return limitsLength ? min(asked, contextLength) : asked
  }

  /// The tokens of an answer at most.
  private var answerLimit: Int {
    let asked = options.maxTargetLength ?? options.maxLength ?? contextLength
    return limitsLength ? min(asked, contextLength) : asked
  }

  /// Cuts an example that is too long; texts to classify keep the special tokens around them.
  private func cut(_ example: inout TokenizedExample, _ row: DataRow) throws {
    if objective == .sequence {
      example = try SequenceRow(row, self, longest: (limit, answerLimit)).example
      return
    }
    if let tokenizer, row["input_ids"] == nil, objective != .nextToken, objective != .tokenLabels,
      objective != .maskedToken
    {
      let (text, pair) = try ClassificationRow.texts(row, options.textColumns)
      let shorter = try tokenizer.truncating(Truncation(maxLength: limit)).encode(text, pair: pair)
      example.ids = shorter.ids.map { Int32(clamping: $0) }
      if pair != nil { example.typeIDs = shorter.typeIDs.map { Int32(clamping: $0) } }
    }
    example.truncate(to: limit)
  }

  /// Whether anything of an example counts.
  private func hasTarget(_ example: TokenizedExample) -> Bool {
    if case .text(let answer) = example.target {
      return answer.contains { $0 != TokenizedExample.ignoredLabel }
    }
    guard case .tokens(let labels) = example.target else { return true }
    // The first token of a text is told from nothing, unless a prompt stands before it.
    return labels.dropFirst(objective == .nextToken && !isLed ? 1 : 0).contains {
      $0 != TokenizedExample.ignoredLabel
    }
  }

  private func example(_ row: DataRow) throws -> TokenizedExample {
    switch objective {
    case .nextToken: try CausalRow(row, self).example
    case .sequence: try SequenceRow(row, self).example
    case .tokenLabels: try tokenLabels(row)
    case .maskedToken: try MaskedRow(row, self).example
    case .category, .regression, .multiLabel, .answer: try ClassificationRow(row, self).example
    }
  }

  private func tokenLabels(_ row: DataRow) throws -> TokenizedExample {
    let ids = try tokenIDs(row)
    guard let ids else {
      throw TrainingError(
        .data, "a row without input_ids, \(row.origin): give input_ids and labels for token-cls")
    }
    let found = try integers("labels", row)
    guard let found = found ?? (needsTargets ? nil : ids.map { _ in TokenizedExample.ignoredLabel }) else {
      throw TrainingError(
        .data, "a row without labels, \(row.origin): give one label for each token, -100 for none")
    }
    return try aligned(ids, found, row)
  }

  func aligned(_ ids: [Int32], _ labels: [Int32], _ row: DataRow) throws -> TokenizedExample {
    guard ids.count == labels.count else {
      throw TrainingError(
        .data,
        "\(ids.count) input_ids and \(labels.count) labels, \(row.origin): give one label for each token")
    }
    return TokenizedExample(ids: ids, target: .tokens(labels), origin: row.origin)
  }

  /// The row's own token ids, if it is tokenized already.
  func tokenIDs(_ row: DataRow) throws -> [Int32]? { try integers("input_ids", row) }

  func integers(_ key: String, _ row: DataRow) throws -> [Int32]? {
    guard let value = row[key] else { return nil }
    // Cells of a table hold their lists as text.
    let list = value.stringValue.flatMap { try? JSONValue.parse($0) } ?? value
    let numbers = list.arrayValue?.map { $0.intValue.flatMap(Int32.init(exactly:)) }
    guard let numbers, !numbers.contains(nil) else {
      throw TrainingError(.data, "\(key) that is no list of whole numbers, \(row.origin): write [1, 2, 3]")
    }
    return numbers.compactMap(\.self)
  }

  func needTokenizer(_ row: DataRow) throws -> Tokenizer {
    guard let tokenizer else {
      throw TrainingError(
        .data,
        "text, \(row.origin), for a model without a tokenizer: put tokenizer.json beside config.json, "
          + "or give input_ids")
    }
    return tokenizer
  }

  func check(_ example: TokenizedExample) throws {
    guard !example.ids.isEmpty else {
      throw TrainingError(.data, "a row without tokens, \(example.origin): remove it, or give it text")
    }
    if let wrong = example.ids.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw TrainingError(
        .data, "token id \(wrong), \(example.origin): the model's ids are 0 to \(vocabularySize - 1)")
    }
    let targets: [Int32]
    switch example.target {
    case .tokens(let labels), .text(let labels): targets = labels
    case .category, .span, .scores: return
    }
    let classes = objective.isText || objective == .maskedToken ? vocabularySize : nil
    if let wrong = targets.first(where: { $0 != -100 && ($0 < 0 || $0 >= classes ?? Int(Int32.max)) }) {
      throw TrainingError(
        .data,
        "label id \(wrong), \(example.origin): labels are 0 to \(vocabularySize - 1), and -100 for none")
    }
  }
}
