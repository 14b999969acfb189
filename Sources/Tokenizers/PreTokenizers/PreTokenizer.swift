import JSON

/// Cuts a normalized text into the pieces that the model tokenizes.
protocol PreTokenizer: Sendable {
  func split(_ text: inout PreTokenizedText) throws
}

/// The pre-tokenizer that `value`, from `tokenizer.json`, describes.
///
/// - Parameter leavesBytes: whether the model takes raw bytes, so that a byte-level pre-tokenizer that comes last
///   need not write them as characters.
/// - Throws: `TokenizerError` naming what is unknown or malformed.
func preTokenizer(_ value: JSONValue, at path: String, leavesBytes: Bool) throws -> any PreTokenizer {
  let fields = try Fields(value, at: path)
  switch fields.type {
  case "Sequence":
    let count = try fields.array("pretokenizers").count
    var index = 0
    return PreTokenizerSequence(
      parts: try fields.parts("pretokenizers") { value, path in
        index += 1
        return try preTokenizer(value, at: path, leavesBytes: leavesBytes && index == count)
      })
  case "ByteLevel":
    return ByteLevelPreTokenizer(
      addsPrefixSpace: try fields.bool("add_prefix_space"),
      splits: try fields.bool("use_regex", default: true), leavesBytes: leavesBytes)
  case "Split":
    return SplitPreTokenizer(
      pattern: try pattern(fields), behavior: try SplitBehavior(fields),
      isInverted: try fields.bool("invert", default: false))
  case "Metaspace": return try MetaspacePreTokenizer(fields)
  case "BertPreTokenizer": return BertPreTokenizer()
  case "Whitespace": return WhitespacePreTokenizer()
  case "WhitespaceSplit": return WhitespaceSplitPreTokenizer()
  case "Punctuation":
    return SplitPreTokenizer(
      pattern: ScalarPattern { characterSets.punctuation[$0] != 0 },
      behavior: try SplitBehavior(fields, default: .isolated), isInverted: false)
  case "Digits":
    return SplitPreTokenizer(
      pattern: ScalarPattern { characterSets.numeric[$0] != 0 },
      behavior: try fields.bool("individual_digits") ? .isolated : .contiguous, isInverted: false)
  case "CharDelimiterSplit":
    let delimiter = try fields.scalar("delimiter")
    return SplitPreTokenizer(
      pattern: ScalarPattern { $0 == delimiter }, behavior: .removed, isInverted: false)
  case "UnicodeScripts": return UnicodeScriptsPreTokenizer()
  case "FixedLength": return try FixedLengthPreTokenizer(fields)
  default: throw fields.unknown("pre-tokenizer")
  }
}

/// Whether the pre-tokenizer ends with bytes written as characters, as byte-level models take them.
func endsByteLevel(_ value: JSONValue?) -> Bool {
  guard let value else { return false }
  if value["type"]?.stringValue == "Sequence" {
    return endsByteLevel(value["pretokenizers"]?.arrayValue?.last)
  }
  return value["type"]?.stringValue == "ByteLevel"
}

/// One pre-tokenizer after the other; each cuts the pieces that the one before left.
struct PreTokenizerSequence: PreTokenizer {
  let parts: [any PreTokenizer]

  func split(_ text: inout PreTokenizedText) throws {
    let before = text.text.count
    for part in parts {
      try part.split(&text)
      try text.text.checkGrowth(from: before)
    }
  }
}
