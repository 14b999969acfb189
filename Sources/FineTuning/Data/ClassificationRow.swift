import JSON
import Tokenizers
import Training

extension DataRow {
  /// The text of a row, or the two of a pair.
  ///
  /// - Throws: ``TrainingError`` when it has none under a name that is known or given.
  public func classifiedTexts(_ options: DataOptions) throws -> [String] {
    let (text, pair) = try ClassificationRow.texts(self, options.textColumns)
    return [text] + (pair.map { [$0] } ?? [])
  }

  /// Whether the row says what its class or score is.
  public func hasLabel(_ options: DataOptions) -> Bool {
    (try? ClassificationRow.label(self, options)) != nil
  }
}

/// A row for a classifier or a regression: one or two texts or a picture, and a label.
struct ClassificationRow {
  let example: TokenizedExample

  /// A row whose text is a picture.
  init(_ row: DataRow, _ builder: ExampleBuilder, picture: ExamplePicture) throws {
    var example = TokenizedExample(ids: [], target: try Self.target(row, builder), origin: row.origin)
    example.picture = picture
    self.example = example
  }

  init(_ row: DataRow, _ builder: ExampleBuilder) throws {
    let target = try Self.target(row, builder)
    if let ids = try builder.tokenIDs(row) {
      let types = try builder.integers("token_type_ids", row)
      guard types == nil || types?.count == ids.count else {
        throw TrainingError(
          .data, "\(ids.count) input_ids and \(types?.count ?? 0) token_type_ids, \(row.origin): give as many"
        )
      }
      example = TokenizedExample(ids: ids, target: target, typeIDs: types, origin: row.origin)
      return
    }
    let (text, pair) = try Self.texts(row, builder.options.textColumns)
    let encoding = try builder.needTokenizer(row).encode(text, pair: pair)
    example = TokenizedExample(
      ids: encoding.ids.map { Int32(clamping: $0) }, target: target,
      typeIDs: pair == nil ? nil : encoding.typeIDs.map { Int32(clamping: $0) }, origin: row.origin)
  }

  /// The text of a row, and the second of a pair.
  static func texts(_ row: DataRow, _ columns: [String]?) throws -> (String, String?) {
    if let columns {
      let texts = try columns.map { column in
        guard let text = row.text(column) else { throw missing("the text column \(column)", row) }
        return text
      }
      guard let first = texts.first else { throw missing("a text column", row) }
      return (first, texts.count > 1 ? texts[1] : nil)
    }
    for (first, second) in [("sentence1", "sentence2"), ("sentence", nil), ("text", nil)]
      as [(String, String?)]
    {
      if let text = row.text(first) { return (text, second.flatMap { row.text($0) }) }
    }
    throw missing("text, sentence or sentence1", row)
  }

  /// The value of a row's label column.
  static func label(_ row: DataRow, _ options: DataOptions) throws -> JSONValue {
    let column = options.labelColumn ?? (row["label"] == nil && row["labels"] != nil ? "labels" : "label")
    guard let label = row[column], label != .null else { throw missing("the label column \(column)", row) }
    return label
  }

  private static func missing(_ what: String, _ row: DataRow) -> TrainingError {
    TrainingError(
      .data,
      "a row without \(what), \(row.origin): it has \(row.fields.keys.joined(separator: ", ")); add it, or name others "
        + "with --text-columns and --label-column")
  }

  private static func target(_ row: DataRow, _ builder: ExampleBuilder) throws -> TokenizedExample.Target {
    guard builder.needsTargets else { return builder.objective == .regression ? .scores([0]) : .category(0) }
    let label = try self.label(row, builder.options)
    func wrong(_ rule: String) -> TrainingError {
      TrainingError(.data, "label \(label.serialized(ascii: false)), \(row.origin): \(rule)")
    }
    func number(_ value: JSONValue) throws -> Float {
      let found =
        value.doubleValue ?? value.stringValue.flatMap(Double.init) ?? value.boolValue.map { $0 ? 1 : 0 }
      guard let found, found.isFinite else { throw wrong("must be a number") }
      return Float(found)
    }
    switch builder.objective {
    case .category, .nextToken, .sequence, .tokenLabels, .maskedToken, .answer:
      guard let id = builder.labels?.id(of: label) else {
        throw wrong(
          "the model's classes are \((builder.labels?.names ?? []).prefix(12).joined(separator: ", "))")
      }
      return .category(id)
    case .regression, .multiLabel:
      return .scores(try label.arrayValue.map { try $0.map(number) } ?? [number(label)])
    }
  }
}
