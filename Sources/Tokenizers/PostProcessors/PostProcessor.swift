import JSON

/// Puts special tokens around the tokens of one text or two.
protocol PostProcessor: Sendable {
  /// How many special tokens it adds.
  func addedTokens(isPair: Bool) -> Int

  /// Whether it moves the bounds of tokens inside white space.
  var trimsOffsets: Bool { get }

  /// Changes a list of encodings, at first one or two, which are joined in the end.
  func process(_ encodings: [Encoding], addSpecialTokens: Bool) throws -> [Encoding]
}

/// The post-processor that `value`, from `tokenizer.json`, describes.
///
/// - Throws: `TokenizerError` naming what is unknown or malformed.
func postProcessor(_ value: JSONValue, at path: String) throws -> any PostProcessor {
  let fields = try Fields(value, at: path)
  switch fields.type {
  case "Sequence":
    return PostProcessorSequence(parts: try fields.parts("processors", postProcessor(_:at:)))
  case "TemplateProcessing": return try TemplateProcessing(fields)
  case "ByteLevel": return try ByteLevelProcessing(fields)
  case "BertProcessing": return try BertProcessing(fields)
  case "RobertaProcessing": return try RobertaProcessing(fields)
  default: throw fields.unknown("post-processor")
  }
}

/// One post-processor after the other.
struct PostProcessorSequence: PostProcessor {
  let parts: [any PostProcessor]

  func addedTokens(isPair: Bool) -> Int { parts.reduce(0) { $0 + $1.addedTokens(isPair: isPair) } }

  var trimsOffsets: Bool { parts.contains(where: \.trimsOffsets) }

  func process(_ encodings: [Encoding], addSpecialTokens: Bool) throws -> [Encoding] {
    try parts.reduce(encodings) { try $1.process($0, addSpecialTokens: addSpecialTokens) }
  }
}

/// Leaves the white space that byte-level tokens begin with out of their places.
struct ByteLevelProcessing: PostProcessor {
  let trimsOffsets: Bool
  private let addsPrefixSpace: Bool

  /// - Throws: `TokenizerError` when a field is malformed.
  init(_ fields: Fields) throws {
    trimsOffsets = try fields.bool("trim_offsets")
    addsPrefixSpace = try fields.bool("add_prefix_space")
  }

  func addedTokens(isPair: Bool) -> Int { 0 }

  func process(_ encodings: [Encoding], addSpecialTokens: Bool) -> [Encoding] {
    guard trimsOffsets else { return encodings }
    return encodings.map { encoding in
      var trimmed = encoding
      trimmed.trimOffsets(keepsPrefix: addsPrefixSpace)
      return trimmed
    }
  }
}
