import NN
import Torch

/// The body that decoders of the Llama kind share: embedding, layers, final normalization.
final class Decoder: DecoderBody {
  let configuration: DecoderConfiguration
  let embedding: Embedding
  private let blocks: [DecoderBlock]
  private let norm: DecoderNorm
  private let mode: Mode
  private let prompts: PromptSlot

  /// - Parameter tableAliases: full names under which a checkpoint may keep the embedding instead.
  init(_ path: Path, _ configuration: DecoderConfiguration, tableAliases: [String] = []) throws {
    self.configuration = configuration
    mode = path.store.mode
    embedding = try Embedding(
      path / "embed_tokens", entries: configuration.vocabularySize, size: configuration.hiddenSize,
      aliases: tableAliases, roundedScale: configuration.embeddingScale)
    blocks = try (0..<configuration.layerCount).map { index in
      try DecoderBlock(path / "layers" / index, index: index, configuration)
    }
    norm = try DecoderNorm(path / "norm", configuration)
    prompts = path.store.readPrompts(
      PromptShape(
        layers: configuration.layerCount, hiddenSize: configuration.hiddenSize,
        heads: configuration.headCount,
        keyValueHeads: configuration.keyValueHeadCount, headSize: configuration.headSize),
      embedding: embedding)
  }

  var layerCount: Int { configuration.layerCount }
  var laysTextsEndToEnd: Bool { true }

  var contextLength: Int { configuration.contextLength - (prompts.working?.length ?? 0) }

  /// The last hidden states [batch, tokens, d]; with a cache, of tokens that follow what it holds.
  func callAsFunction(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor {
    try self(input, cache: cache) { _ in }
  }

  func callAsFunction(
    _ input: ModelInput, cache: KeyValueCache?, observe: ([Tensor]) -> Void
  ) throws -> Tensor {
    try input.check()
    guard let cache, try isOutgrown(cache, by: input), let ids = cache.ids, input.embeddings == nil else {
      return try prompts.lead(input, cache) { try hiddenStates($0, cache: $1, observe) }
    }
    // All angles change, so everything is read again.
    let whole = try cache.restart(
      with: input.ids, mask: input.attentionMask, positions: input.positions, behind: ids)
    let again = ModelInput(ids: whole.ids, attentionMask: whole.mask, positions: whole.positions)
    let hidden = try prompts.lead(again, cache) { try hiddenStates($0, cache: $1, observe) }
    return try hidden.slice(1, from: hidden.shape[1] - input.ids.shape[1])
  }

  /// Whether the text has just become longer than what the heads turn by short factors for.
  private func isOutgrown(_ cache: KeyValueCache, by input: ModelInput) throws -> Bool {
    let limits = configuration.rotaries.compactMap(\.scaling.shortLength)
    let (old, new) = (cache.length, cache.length + input.ids.shape[1])
    return old > 0 && limits.contains { old <= $0 && new > $0 }
  }

  private func hiddenStates(
    _ input: ModelInput, cache: KeyValueCache?, _ observe: ([Tensor]) -> Void
  ) throws -> Tensor {
    let pass = ForwardPass(ids: input.ids, earlier: cache?.ids, segments: input.segments)
    mode.pass = pass
    try cache?.extendIDs(input.ids)
    var hidden = try input.embeddings ?? embed(input.ids)
    let context = try DecoderContext(
      input, pass, cache: cache, configuration: configuration, dtype: hidden.dtype,
      isTraining: mode.isTraining)
    if configuration.inputScale != 1 { hidden = try hidden * configuration.inputScale }
    var routing: [Tensor] = []
    for block in blocks {
      let output = try block(hidden, context, cache: cache)
      hidden = output.hidden
      if let logits = output.routing { routing.append(logits) }
    }
    observe(routing)
    return try norm(hidden)
  }

  func embed(_ ids: Tensor) throws -> Tensor { try embedding.rows(ofTokens: ids) }
}

extension DecoderConfiguration: DecoderDesign {
  var outputSize: Int { hiddenSize }
  var headBias: Bool { false }
  var tableName: String { "\(place).embed_tokens.weight" }
  var tokenClassifier: (name: String, dropout: Double?) { ("score", nil) }

  func makeBody(in store: VariableStore, tableAliases: [String]) throws -> any DecoderBody {
    try Decoder(store.root / place, self, tableAliases: tableAliases)
  }
}

extension ModelInput {
  /// - Throws: ``ModelError`` when the parts do not fit each other.
  func check() throws {
    let shape = ids.shape
    guard shape.count == 2, ids.dtype == .int64, ids.count > 0 else {
      throw ModelError("token ids are \(ids): give a batch int64 [batch, tokens] with at least one token")
    }
    for (name, part) in [("attention mask", attentionMask), ("type ids", typeIDs)] {
      guard let part, part.shape != shape else { continue }
      throw ModelError("the \(name) is \(part), for token ids \(ids): give it the same shape")
    }
    for (name, part) in [("positions", positions), ("segments", segments)] {
      guard let part, part.shape != shape, part.shape != [1, shape[1]] else { continue }
      throw ModelError("\(name) are \(part), for token ids \(ids): give them the same shape, or one row")
    }
    if let embeddings, Array(embeddings.shape.prefix(2)) != shape || embeddings.rank != 3 {
      throw ModelError("embeddings are \(embeddings), for token ids \(ids): give [batch, tokens, d]")
    }
  }
}
