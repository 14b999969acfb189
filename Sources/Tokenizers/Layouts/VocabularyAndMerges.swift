import JSON

/// GPT-2's layout, `vocab.json` and `merges.txt`, and that of its descendants.

/// The parts of a tokenizer given by its vocabulary and merges; which pipeline is around them the class says.
///
/// - Throws: `TokenizerError` when one of the files is malformed.
func vocabularyAndMerges(
  _ vocabulary: [UInt8], _ merges: [UInt8], at folder: String, _ config: TokenizerConfig
) throws -> TokenizerParts {
  let tokens = try vocabulary.withUnsafeBufferPointer { text in
    var scanner = JSONScanner(text)
    return try Vocabulary(try ModelJSON.vocabulary(&scanner))
  }
  let rules = try MergeList(file: merges, at: "\(folder)/merges.txt")
  switch config.tokenizerClass {
  case "CLIPTokenizer": return try clip(tokens, rules, config)
  case "Qwen2Tokenizer": return try qwen2(tokens, rules, config)
  case "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer":
    return try roberta(tokens, rules, config)
  default: return try gpt2(tokens, rules, config)
  }
}

private func model(
  _ tokens: Vocabulary, _ rules: MergeList, suffix: String = "", unknown: String? = nil
) throws -> BPE {
  var options = BPE.Options()
  options.endOfWordSuffix = suffix
  options.unknownToken = unknown
  options.isByteLevel = true
  return BPE(tokens, merges: try rules.ranked(in: tokens, prefixLength: 0), options: options)
}

private func byteLevel(_ config: TokenizerConfig, splits: Bool = true) -> JSONValue {
  [
    "type": "ByteLevel", "add_prefix_space": .bool(config.bool("add_prefix_space") ?? false),
    "trim_offsets": true,
    "use_regex": .bool(splits),
  ]
}

private func gpt2(_ tokens: Vocabulary, _ rules: MergeList, _ config: TokenizerConfig) throws
  -> TokenizerParts
{
  var config = config
  for role in ["bos_token", "eos_token", "unk_token"] {
    if config.tokenizerClass != nil || tokens.id("<|endoftext|>") != nil {
      config.setDefault(role, "<|endoftext|>")
    }
  }
  var parts = try TokenizerParts(
    try model(tokens, rules), preTokenizer: byteLevel(config), decoder: ["type": "ByteLevel"], config: config)
  try parts.addEnds()
  return parts
}

private func qwen2(_ tokens: Vocabulary, _ rules: MergeList, _ config: TokenizerConfig) throws
  -> TokenizerParts
{
  var config = config
  for role in ["eos_token", "unk_token", "pad_token"] { config.setDefault(role, "<|endoftext|>") }
  let split: JSONValue = [
    "type": "Split", "pattern": ["Regex": .string(KnownExpression.qwen2)], "behavior": "Isolated",
    "invert": false,
  ]
  var parts = try TokenizerParts(
    try model(tokens, rules), normalizer: ["type": "NFC"],
    preTokenizer: ["type": "Sequence", "pretokenizers": [split, byteLevel(config, splits: false)]],
    decoder: ["type": "ByteLevel"], config: config)
  try parts.addEnds()
  return parts
}

private func roberta(_ tokens: Vocabulary, _ rules: MergeList, _ config: TokenizerConfig) throws
  -> TokenizerParts
{
  var config = config
  for (role, token) in [
    ("bos_token", "<s>"), ("eos_token", "</s>"), ("sep_token", "</s>"), ("cls_token", "<s>"),
    ("unk_token", "<unk>"),
    ("pad_token", "<pad>"), ("mask_token", "<mask>"),
  ] { config.setDefault(role, token) }
  var parts = try TokenizerParts(
    try model(tokens, rules), preTokenizer: byteLevel(config), decoder: ["type": "ByteLevel"], config: config)
  try parts.addRobertaEnds(
    first: "cls_token", last: "sep_token", trimsOffsets: config.bool("trim_offsets") ?? true,
    addsPrefixSpace: config.bool("add_prefix_space") ?? false)
  return parts
}

private func clip(_ tokens: Vocabulary, _ rules: MergeList, _ config: TokenizerConfig) throws
  -> TokenizerParts
{
  var config = config
  config.setDefault("bos_token", "<|startoftext|>")
  for role in ["eos_token", "unk_token", "pad_token"] { config.setDefault(role, "<|endoftext|>") }
  let replace: JSONValue = ["type": "Replace", "pattern": ["Regex": "\\s+"], "content": " "]
  let split: JSONValue = [
    "type": "Split", "pattern": ["Regex": .string(KnownExpression.clip)], "behavior": "Removed",
    "invert": true,
  ]
  let bytes: JSONValue = ["type": "ByteLevel", "add_prefix_space": false]
  var parts = try TokenizerParts(
    try model(tokens, rules, suffix: "</w>", unknown: config.token("unk_token")),
    normalizer: ["type": "Sequence", "normalizers": [["type": "NFC"], replace, ["type": "Lowercase"]]],
    preTokenizer: ["type": "Sequence", "pretokenizers": [split, bytes]], decoder: ["type": "ByteLevel"],
    config: config)
  try parts.addRobertaEnds(first: "bos_token", last: "eos_token", trimsOffsets: false, addsPrefixSpace: false)
  return parts
}

extension TokenizerParts {
  fileprivate mutating func addRobertaEnds(
    first: String, last: String, trimsOffsets: Bool, addsPrefixSpace: Bool
  ) throws {
    let added = try AddedTokens(
      [addedTokens, config.tokensToAdd(to: addedTokens)], vocabulary: model.vocabulary, normalizer: normalizer
    )
    let names = TokenNames(vocabulary: model.vocabulary, added: added, trimsOffsets: false)
    func end(_ role: String) -> JSONValue {
      let token = config.token(role) ?? ""
      return [.string(token), .int(names.id(token) ?? 0)]
    }
    postProcessor = try Tokenizers.postProcessor(
      [
        "type": "RobertaProcessing", "sep": end(last), "cls": end(first), "trim_offsets": .bool(trimsOffsets),
        "add_prefix_space": .bool(addsPrefixSpace),
      ], at: "post_processor")
  }
}
