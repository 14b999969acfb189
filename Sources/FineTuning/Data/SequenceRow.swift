import JSON
import Tokenizers
import Training

/// A row for a model that reads one text and writes another.
public struct SequenceRow {
  let example: TokenizedExample

  /// - Parameter longest: tokens of the source and of the target that fit; nil for all.
  init(_ row: DataRow, _ builder: ExampleBuilder, longest: (source: Int, target: Int)? = nil) throws {
    if let ids = try builder.tokenIDs(row) {
      let labels = try builder.integers("labels", row)
      example = try Self.example(
        Array(ids.prefix(longest?.source ?? .max)), labels.map { Array($0.prefix(longest?.target ?? .max)) },
        row, builder)
      return
    }
    let (source, target) = try Self.texts(row)
    let tokenizer = try builder.needTokenizer(row)
    // What the tokenizer puts around a text stays when the text is cut.
    func ids(_ text: String, _ longest: Int?) throws -> [Int32] {
      let tokenizer = longest.map { tokenizer.truncating(Truncation(maxLength: $0)) } ?? tokenizer
      return try tokenizer.encode(text).ids.map { Int32(clamping: $0) }
    }
    example = try Self.example(
      ids(source, longest?.source), target.map { try ids($0, longest?.target) }, row, builder)
  }

  /// The text that is read, and the one that is written.
  public static func texts(_ row: DataRow) throws -> (source: String, target: String?) {
    if let instruction = row.text("instruction") {
      // Nothing marks where an answer begins: the decoder's text is one of its own.
      let input = row.text("input") ?? ""
      return (input.isEmpty ? instruction : "\(instruction)\n\(input)", row.text("output"))
    }
    for (source, target) in [("prompt", "completion"), ("source", "target"), ("input", "target")] {
      if let text = row.text(source) { return (text, row.text(target)) }
    }
    throw TrainingError(
      .data,
      "fields \(row.fields.keys.joined(separator: ", ")), \(row.origin): a row needs prompt and completion, source and "
        + "target, input and target, instruction and output, or input_ids and labels")
  }

  private static func example(
    _ ids: [Int32], _ labels: [Int32]?, _ row: DataRow, _ builder: ExampleBuilder
  ) throws -> TokenizedExample {
    // Without a target the decoder is given the token that begins a text, and no more.
    let empty = builder.needsTargets ? nil : [Int32(clamping: builder.padding)]
    guard let labels = labels.flatMap({ $0.isEmpty ? nil : $0 }) ?? empty else {
      throw TrainingError(
        .data, "a row without a target, \(row.origin): give completion, target, output or labels with tokens")
    }
    return TokenizedExample(ids: ids, target: .text(labels), origin: row.origin)
  }
}
