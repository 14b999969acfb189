import NN
import Torch

/// The body that encoder-decoders share: a table of tokens, an encoder, and a decoder that reads what it gives.
///
/// Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.
final class EncoderDecoder {
  let configuration: EncoderDecoderConfiguration
  /// The table of tokens.
  let table: Parameter
  private let encoder, decoder: EncoderDecoderStack
  private let prompts: PromptSlot

  /// - Parameter tableAliases: full names under which a checkpoint may keep the table too.
  init(_ path: Path, _ config: EncoderDecoderConfiguration, tableAliases: [String] = []) throws {
    configuration = config
    let halves = ["encoder", "decoder"]
    table = try path.parameter(
      "shared.weight", [config.vocabularySize, config.hiddenSize],
      initial: .normal(std: config.initializerRange),
      aliases: halves.map { path.full("\($0).embed_tokens.weight") } + tableAliases)
    encoder = try EncoderDecoderStack(
      path / "encoder", config.encoder, config, table: table, readsSource: false)
    decoder = try EncoderDecoderStack(
      path / "decoder", config.decoder, config, table: table, readsSource: true)
    prompts = path.store.readPrompts(
      PromptShape(
        layers: config.decoder.layerCount, hiddenSize: config.hiddenSize,
        heads: config.encoder.headCount, keyValueHeads: config.decoder.headCount,
        headSize: config.headSize, parts: 2),
      embedding: encoder.embedding)
  }

  /// Reads a text, behind the active soft prompt if that is one of vectors.
  func encode(_ input: ModelInput) throws -> EncodedText {
    try input.check()
    var hidden = try input.embeddings ?? encoder.embedding(checked(input.ids))
    var (visible, prefix) = (try input.visibleKeys(), [(key: Tensor, value: Tensor)]?.none)
    switch try prompts.working?.content() {
    case nil: break
    case .keysAndValues(let pairs): prefix = pairs
    case .embeddings(let vectors):
      let (rows, length) = (hidden.shape[0], vectors.shape[0])
      let lead = try vectors.to(dtype: hidden.dtype).unsqueezed(0).expanded([rows] + vectors.shape)
      hidden = try .cat([lead, hidden], dim: 1)
      visible = try visible.map {
        try .cat([.ones([rows, 1, 1, length], dtype: .bool, device: $0.device), $0], dim: 3)
      }
    }
    hidden = try encoder(hidden, ForwardPass(ids: input.ids), visible: visible, isCausal: false)
    return EncodedText(hidden: hidden, visible: visible, prefix: prefix)
  }

  /// The hidden states [batch, tokens, d] of the text that answers `source`; with a cache, of tokens that follow what
  /// it holds.
  func decode(_ ids: Tensor, reading source: EncodedText, cache: EncoderDecoderCache?) throws -> Tensor {
    var cache = cache
    if let prefix = source.prefix, (cache?.own.length ?? 0) == 0 {
      let own = cache ?? EncoderDecoderCache(layers: configuration.decoder.layerCount)
      let (rows, dtype) = (ids.shape[0], table.dtype)
      func expanded(_ part: Tensor) throws -> Tensor {
        try part.to(dtype: dtype).unsqueezed(0).expanded([rows] + part.shape)
      }
      try own.own.begin(with: prefix.map { (try expanded($0.key), try expanded($0.value)) })
      cache = own
    }
    let pass = ForwardPass(ids: ids, earlier: cache?.own.ids)
    try cache?.own.extendIDs(ids)
    return try decoder(
      decoder.embedding(checked(ids)), pass, source: source, cache: cache, isCausal: true)
  }

  /// What the decoder is given to predict `labels` [batch, tokens]: the token that begins a text, then all but the last.
  func inputs(for labels: Tensor) throws -> Tensor {
    let ids = try labels.maskedFill(labels.equal(-100), Double(configuration.paddingID))
    let (rows, count) = (ids.shape[0], ids.shape[1])
    let first: Tensor
    switch configuration.start {
    case .token(let id): first = try .full([rows, 1], Double(id), dtype: .int64, device: ids.device)
    case .lastToken:
      let isReal = try ids.notEqual(Double(configuration.paddingID)).to(dtype: .int64)
      let last = try (isReal.sum([1], keepDim: true) - 1).clamped(min: 0).to(dtype: .int64)
      first = try ids.gather(1, last)
    }
    return try .cat([first, ids.slice(1, 0..<(count - 1))], dim: 1)
  }

  private func checked(_ ids: Tensor) throws -> Tensor {
    let (low, high): (Int, Int) = (try ids.min().item(), try ids.max().item())
    guard low >= 0, high < configuration.vocabularySize else {
      throw ModelError(
        "token id \(low < 0 ? low : high), in the input: the model has ids from 0 to "
          + "\(configuration.vocabularySize - 1); use its own tokenizer")
    }
    return ids
  }
}
