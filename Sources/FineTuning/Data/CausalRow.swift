import JSON
import Tokenizers
import Training

/// A row for a language model: what comes before, and what the loss falls on.
struct CausalRow {
  let example: TokenizedExample

  init(_ row: DataRow, _ builder: ExampleBuilder) throws {
    if let ids = try builder.tokenIDs(row) {
      example = try builder.aligned(ids, builder.integers("labels", row) ?? ids, row)
    } else if let (prompt, completion) = try Self.completion(row) {
      example = try Self.encode(prompt, completion, row, builder)
    } else if let messages = row["messages"] {
      example = try Self.conversation(messages, row, builder)
    } else if let text = row.text("text") {
      let ids = try builder.needTokenizer(row).encode(text).ids.map { Int32(clamping: $0) }
      example = TokenizedExample(ids: ids, target: .tokens(ids), origin: row.origin)
    } else {
      throw TrainingError(
        .data,
        "fields \(row.fields.keys.joined(separator: ", ")), \(row.origin): a row needs text, prompt and completion, "
          + "instruction and output, messages, or input_ids")
    }
  }

  /// Prompt and completion of the shapes that have them.
  static func completion(_ row: DataRow) throws -> (prompt: String, completion: String)? {
    if let prompt = row.text("prompt"), let completion = row.text("completion") {
      return (prompt, completion)
    }
    if let instruction = row.text("instruction"), let output = row.text("output") {
      return (alpacaPrompt(instruction, input: row.text("input") ?? ""), output)
    }
    return nil
  }

  /// The prompt of Stanford Alpaca, which instruction rows of this shape are made for.
  private static func alpacaPrompt(_ instruction: String, input: String) -> String {
    let context = input.isEmpty ? "" : ", paired with an input that provides further context"
    let section = input.isEmpty ? "" : "### Input:\n\(input)\n\n"
    return "Below is an instruction that describes a task\(context). "
      + "Write a response that appropriately completes the request.\n\n"
      + "### Instruction:\n\(instruction)\n\n\(section)### Response:\n"
  }

  /// Through the model's chat template, which writes the special tokens itself; the loss falls on the assistant.
  private static func conversation(
    _ messages: JSONValue, _ row: DataRow, _ builder: ExampleBuilder
  ) throws -> TokenizedExample {
    let tokenizer = try builder.needTokenizer(row)
    guard let chat = builder.chat else {
      throw TrainingError(
        .data,
        "messages, \(row.origin), for a model without a chat template: set chat_template in "
          + "tokenizer_config.json, or give prompt and completion")
    }
    let (text, assistant): (String, [Range<Int>])
    do {
      (text, assistant) = try chat.conversation(messages)
    } catch {
      throw TrainingError(
        .data, "messages that the chat template refuses (\(error)), \(row.origin): mend the row")
    }
    let encoding = try tokenizer.encode(text, addSpecialTokens: false)
    let ids = encoding.ids.map { Int32(clamping: $0) }
    let labels = zip(ids, encoding.offsets).map { id, span in
      let counts =
        builder.options.trainOnPrompt
        || assistant.contains { span.upperBound > $0.lowerBound && span.lowerBound < $0.upperBound }
      return counts ? id : TokenizedExample.ignoredLabel
    }
    return TokenizedExample(ids: ids, target: .tokens(labels), origin: row.origin)
  }

  /// Both encoded as one text, so that ids are those of the text that is generated later. A token that reaches into the
  /// completion belongs to it, and so does what the tokenizer puts after the text; the text ends with the token that
  /// ends texts.
  private static func encode(
    _ prompt: String, _ completion: String, _ row: DataRow, _ builder: ExampleBuilder
  ) throws -> TokenizedExample {
    let encoding = try builder.needTokenizer(row).encode(prompt + completion)
    var ids = encoding.ids.map { Int32(clamping: $0) }
    let boundary = prompt.utf8.count
    let isText = encoding.specialTokensMask.map { $0 == 0 }
    let first =
      zip(isText, encoding.byteOffsets).enumerated().first { $1.0 && $1.1.upperBound > boundary }?.offset
      ?? (isText.lastIndex(of: true).map { $0 + 1 } ?? ids.count)
    if let end = builder.endOfText, ids.last != Int32(clamping: end) { ids.append(Int32(clamping: end)) }
    let labels = ids.enumerated().map { place, id in
      builder.options.trainOnPrompt || place >= first ? id : TokenizedExample.ignoredLabel
    }
    return TokenizedExample(ids: ids, target: .tokens(labels), origin: row.origin)
  }
}
