import NN
import Torch

/// The body that decoders of the GPT kind share: embeddings, layers, final normalization.
///
/// Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
final class GPT: DecoderBody {
  let embedding: Embedding
  private let configuration: GPTConfiguration
  private let positions: (table: Embedding, offset: Int)?
  private let projectIn, projectOut, embeddingNorm, finalNorm: GPTConfiguration.Layer?
  private let blocks: [GPTBlock]
  private let mode: Mode
  private let prompts: PromptSlot

  /// - Parameter tableAliases: full names under which a checkpoint may keep the table of tokens instead.
  init(_ path: Path, _ config: GPTConfiguration, tableAliases: [String]) throws {
    (configuration, mode) = (config, path.store.mode)
    let (names, d, width) = (config.names, config.hiddenSize, config.embeddingSize)
    embedding = try Embedding(
      path / names.tokens, entries: config.vocabularySize, size: width, aliases: tableAliases)
    if case .learned(let table, let offset) = config.positions {
      positions = (try Embedding(path / table, entries: config.contextLength + offset, size: d), offset)
    } else {
      positions = nil
    }
    embeddingNorm = try names.embeddingNorm.map { try config.norm(path / $0) }
    let isProjected = width != d
    projectIn = isProjected ? try config.linear(path / "project_in", in: width, out: d, bias: false) : nil
    projectOut = isProjected ? try config.linear(path / "project_out", in: d, out: width, bias: false) : nil
    blocks = try (0..<config.layerCount).map { index in
      try GPTBlock(path / names.layers / index, index: index, config)
    }
    finalNorm = try names.finalNorm.map { try config.norm(path / $0) }
    prompts = path.store.readPrompts(
      PromptShape(
        layers: config.layerCount, hiddenSize: width, heads: config.headCount,
        keyValueHeads: config.keyValueHeadCount, headSize: config.headSize),
      embedding: embedding)
  }

  var layerCount: Int { configuration.layerCount }
  var laysTextsEndToEnd: Bool { !configuration.isBiased }
  var contextLength: Int { configuration.contextLength - (prompts.working?.length ?? 0) }

  func embed(_ ids: Tensor) throws -> Tensor { try embedding.rows(ofTokens: ids) }

  func callAsFunction(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor {
    try input.check()
    return try prompts.lead(input, cache, hiddenStates)
  }

  private func hiddenStates(_ input: ModelInput, cache: KeyValueCache?) throws -> Tensor {
    let pass = ForwardPass(ids: input.ids, earlier: cache?.ids, segments: input.segments)
    mode.pass = pass
    try cache?.extendIDs(input.ids)
    var hidden = try input.embeddings ?? embed(input.ids)
    let context = try GPTContext(input, pass, cache: cache, configuration, dtype: hidden.dtype)
    if let projectIn { hidden = try projectIn(hidden) }
    if let positions {
      hidden = try hidden + positions.table(places(context.positions, positions.offset))
    }
    if let embeddingNorm { hidden = try embeddingNorm(hidden) }
    hidden = try mode.dropped(hidden, configuration.dropout.embedding)
    for block in blocks { hidden = try block(hidden, context, cache: cache) }
    if let finalNorm { hidden = try finalNorm(hidden) }
    return try projectOut?(hidden) ?? hidden
  }

  /// The rows of positions in their table.
  private func places(_ positions: Tensor, _ offset: Int) throws -> Tensor {
    let last = try positions.max().item(of: Int.self)
    guard last < configuration.contextLength else {
      throw ModelError(
        "\(last + 1) tokens, in the input: the model has positions for \(configuration.contextLength); "
          + "shorten the text, or lower --max-length")
    }
    return offset == 0 ? positions : try (positions + Double(offset)).to(dtype: .int64)
  }
}

extension GPTConfiguration: DecoderDesign {
  var outputSize: Int { embeddingSize }
  var tableName: String { "\(names.body).\(names.tokens).weight" }

  func makeBody(in store: VariableStore, tableAliases: [String]) throws -> any DecoderBody {
    try GPT(store.root / names.body, self, tableAliases: tableAliases)
  }
}
