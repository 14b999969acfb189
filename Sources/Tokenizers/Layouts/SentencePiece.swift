import Foundation
import JSON

/// SentencePiece's layout, in which Llama, Mistral, T5 and others came.

/// The parts of a tokenizer given by a SentencePiece model. The class in the configuration says how transformers would
/// arrange it; without one it does what SentencePiece itself does.
///
/// - Throws: `TokenizerError` when the model is malformed.
func sentencePiece(_ model: SentencePieceModel, _ config: TokenizerConfig) throws -> TokenizerParts {
  var parts: TokenizerParts
  if config.tokenizerClass == "T5Tokenizer" {
    parts = try t5(model, config)
  } else if model.isBPE {
    parts = try llama(model, config)
  } else {
    parts = try general(model, unigram(model, fallsBackToBytes: model.fallsBackToBytes), config)
    parts.config.setDefault("unk_token", model.unknownPiece)
    parts.config.addPieces(model)
    try parts.addEnds()
  }
  return parts
}

private func llama(_ model: SentencePieceModel, _ config: TokenizerConfig) throws -> TokenizerParts {
  var config = config
  config.setDefault("bos_token", "<s>")
  config.setDefault("eos_token", "</s>")
  config.setDefault("unk_token", model.unknownPiece)
  let isLlama = config.tokenizerClass == "LlamaTokenizer"
  let bpe = try bpe(
    model, unknown: isLlama ? nil : model.unknownPiece, fallsBack: isLlama || model.fallsBackToBytes)
  guard isLlama else {
    var parts = try general(model, bpe, config)
    parts.config.addPieces(model)
    try parts.addEnds()
    return parts
  }
  let addsPrefix = config.bool("add_prefix_space") ?? true
  let scheme: JSONValue = !addsPrefix ? "never" : config.bool("legacy") ?? false ? "always" : "first"
  config.addPieces(model)
  var parts = try TokenizerParts(
    bpe, preTokenizer: ["type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false],
    decoder: marksToSpaces(stripsFirst: addsPrefix), config: config)
  try parts.addEnds()
  return parts
}

private func marksToSpaces(stripsFirst: Bool) -> JSONValue {
  var steps: [JSONValue] = [
    ["type": "Replace", "pattern": ["String": "▁"], "content": " "], ["type": "ByteFallback"],
    ["type": "Fuse"],
  ]
  if stripsFirst { steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0]) }
  return ["type": "Sequence", "decoders": .array(steps)]
}

private func t5(_ model: SentencePieceModel, _ config: TokenizerConfig) throws -> TokenizerParts {
  var config = config
  config.setDefault("eos_token", "</s>")
  config.setDefault("unk_token", "<unk>")
  config.setDefault("pad_token", "<pad>")
  let extra = (0..<min(max(config["extra_ids"]?.intValue ?? 100, 0), 1000)).reversed().map {
    "<extra_id_\($0)>"
  }
  if config.extraTokens.isEmpty { config.extraTokens = extra.map { AddedToken($0, special: true) } }
  config.addPieces(model)
  let unigram = try unigram(model, extra: extra, unknownID: 2, fallsBackToBytes: false)
  let metaspace: JSONValue = [
    "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true,
  ]
  let end = config.token("eos_token") ?? "</s>"
  let special: JSONValue = ["SpecialToken": ["id": .string(end), "type_id": 0]]
  let first: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]
  let second: JSONValue = ["Sequence": ["id": "B", "type_id": 0]]
  let id = unigram.vocabulary.id(end).map(Int.init) ?? 1
  let table = JSONObject([
    (end, ["id": .string(end), "ids": [.int(id)], "tokens": [.string(end)]] as JSONValue)
  ])
  return try TokenizerParts(
    unigram, normalizer: precompiled(model),
    preTokenizer: ["type": "Sequence", "pretokenizers": [["type": "WhitespaceSplit"], metaspace]],
    postProcessor: [
      "type": "TemplateProcessing", "single": [first, special], "pair": [first, special, second, special],
      "special_tokens": .object(table),
    ],
    decoder: metaspace, config: config)
}

/// What SentencePiece itself does with a text.
private func general(
  _ model: SentencePieceModel, _ tokens: any Model, _ config: TokenizerConfig
) throws -> TokenizerParts {
  var steps: [JSONValue] = precompiled(model).map { [$0] } ?? []
  if model.removesExtraWhitespace {
    steps.append(["type": "Strip", "strip_left": true, "strip_right": true])
    steps.append(["type": "Replace", "pattern": ["Regex": " {2,}"], "content": " "])
  }
  if model.addsDummyPrefix { steps.append(["type": "Prepend", "prepend": "▁"]) }
  steps.append(["type": "Replace", "pattern": ["String": " "], "content": "▁"])
  return try TokenizerParts(
    tokens, normalizer: ["type": "Sequence", "normalizers": .array(steps)],
    decoder: marksToSpaces(stripsFirst: model.addsDummyPrefix), config: config)
}

private func precompiled(_ model: SentencePieceModel) -> JSONValue? {
  if model.charsmap.isEmpty { return nil }
  let map = Data(model.charsmap).base64EncodedString()
  return ["type": "Precompiled", "precompiled_charsmap": .string(map)]
}

private func vocabulary(_ model: SentencePieceModel, extra: [String] = []) throws -> Vocabulary {
  var builder = VocabularyBuilder(capacity: model.pieces.count + extra.count)
  for (id, text) in (model.pieces.map(\.text) + extra.map { Array($0.utf8) }).enumerated() {
    try text.withUnsafeBufferPointer { try builder.add($0, id: id) }
  }
  return try Vocabulary(builder, count: model.pieces.count + extra.count)
}

private func unigram(
  _ model: SentencePieceModel, extra: [String] = [], unknownID: Int? = nil, fallsBackToBytes: Bool
) throws -> Unigram {
  let unknownID = unknownID ?? model.unknownID
  guard (0..<model.pieces.count).contains(unknownID) else {
    throw TokenizerError(
      "id \(unknownID) of the unknown piece, in a SentencePiece model: it has no such piece")
  }
  return Unigram(
    try vocabulary(model, extra: extra), scores: model.pieces.map { Double($0.score) } + extra.map { _ in 0 },
    unknownID: unknownID, fallsBackToBytes: fallsBackToBytes)
}

/// A BPE model: two pieces merge when together they are a piece, the first piece first.
private func bpe(_ model: SentencePieceModel, unknown: String?, fallsBack: Bool) throws -> BPE {
  var options = BPE.Options()
  options.unknownToken = unknown
  options.fusesUnknown = true
  options.fallsBackToBytes = fallsBack
  let tokens = try vocabulary(model)
  var merges: [(left: Int32, right: Int32, result: Int32, lengths: (Int, Int))] = []
  for (id, piece) in model.pieces.enumerated() {
    piece.text.withUnsafeBufferPointer { text in
      guard let base = text.baseAddress, text.count > 1 else { return }
      for cut in 1..<text.count where !isContinuation(text[cut]) {
        guard let left = tokens.id(base, count: cut),
          let right = tokens.id(base + cut, count: text.count - cut)
        else { continue }
        let characters = text[..<cut].count { !isContinuation($0) }
        let others = text[cut...].count { !isContinuation($0) }
        merges.append((left, right, Int32(id), (characters, others)))
      }
    }
  }
  let ordered = merges.enumerated().sorted { one, other in
    let (a, b) = (one.element, other.element)
    return (a.result, a.lengths.0, a.lengths.1, one.offset) < (
      b.result, b.lengths.0, b.lengths.1, other.offset
    )
  }
  return BPE(
    tokens, merges: ordered.map { ($0.element.left, $0.element.right, $0.element.result) }, options: options)
}

extension TokenizerConfig {
  /// Adds the control and user-defined pieces, which are found in the text as they stand.
  fileprivate mutating func addPieces(_ model: SentencePieceModel) {
    for piece in model.pieces where piece.kind == .control || piece.kind == .userDefined {
      extraTokens.append(
        AddedToken(
          String(decoding: piece.text, as: UTF8.self), normalized: false, special: piece.kind == .control))
    }
  }
}
