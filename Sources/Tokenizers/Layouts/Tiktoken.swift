import Foundation
import JSON

/// The layout of OpenAI's tiktoken, which Llama 3 and others came in: tokens in base64 with their ranks.

/// The tokens of a tiktoken file by rank.
struct TiktokenRanks {
  let tokens: [(bytes: [UInt8], rank: Int)]

  /// The ranks in a file, or nil when it is no such file.
  init?(_ text: [UInt8]) {
    var tokens: [(bytes: [UInt8], rank: Int)] = []
    for line in text.split(separator: 0x0A) {
      let fields = line.split(separator: 0x20)
      guard fields.count == 2, let bytes = Data(base64Encoded: Data(fields[0])),
        let rank = Int(String(decoding: fields[1].filter { $0 != 0x0D }, as: UTF8.self))
      else { return nil }
      tokens.append(([UInt8](bytes), rank))
    }
    if tokens.isEmpty { return nil }
    self.tokens = tokens
  }
}

/// The parts of a tokenizer given by ranks: two tokens merge when together they are a token, the lowest rank first.
///
/// - Throws: `TokenizerError` when a rank is out of proportion.
func tiktoken(_ ranks: TiktokenRanks, named name: String, _ config: TokenizerConfig) throws -> TokenizerParts
{
  var written = VocabularyBuilder(capacity: ranks.tokens.count)
  let table = ByteStringTable(capacity: ranks.tokens.count)
  for (bytes, rank) in ranks.tokens {
    try ByteAlphabet.encoded(bytes).withUnsafeBufferPointer { try written.add($0, id: rank) }
    bytes.withUnsafeBufferPointer { _ = table.insert($0, Int32(truncatingIfNeeded: rank)) }
  }
  var options = BPE.Options()
  options.ignoresMerges = true
  options.isByteLevel = true
  let model = BPE(try Vocabulary(written), merges: splits(ranks, table), options: options)
  let split: JSONValue = [
    "type": "Split", "pattern": ["Regex": .string(expression(name))], "behavior": "Isolated", "invert": false,
  ]
  let bytes: JSONValue = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
  var config = config
  config.fill(upTo: ranks.tokens.count)
  return try TokenizerParts(
    model, preTokenizer: ["type": "Sequence", "pretokenizers": [split, bytes]],
    postProcessor: ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false],
    decoder: ["type": "ByteLevel"], config: config)
}

/// Every way to make a token of two others, by the rank of the token and then of its parts.
private func splits(
  _ ranks: TiktokenRanks, _ table: ByteStringTable
) -> [(left: Int32, right: Int32, result: Int32)] {
  var merges: [(left: Int32, right: Int32, result: Int32)] = []
  for (bytes, rank) in ranks.tokens where bytes.count > 1 {
    bytes.withUnsafeBufferPointer { token in
      guard let base = token.baseAddress else { return }
      for cut in 1..<token.count {
        guard let left = table.find(base, count: cut),
          let right = table.find(base + cut, count: token.count - cut)
        else { continue }
        merges.append((left, right, Int32(truncatingIfNeeded: rank)))
      }
    }
  }
  return merges.sorted { ($0.result, $0.left, $0.right) < ($1.result, $1.left, $1.right) }
}

/// The expression that goes with a file of ranks, told by its name; most have that of Llama 3.
private func expression(_ name: String) -> String {
  if name.hasPrefix("r50k") || name.hasPrefix("p50k") || name.hasPrefix("gpt2") {
    return KnownExpression.gpt2
  }
  if name.hasPrefix("o200k") { return KnownExpression.o200k }
  return name.hasPrefix("qwen") ? KnownExpression.qwen2 : KnownExpression.llama3
}
