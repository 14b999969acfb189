import NN
import Torch

/// The encoder or the decoder: embedded tokens with their positions, blocks, and perhaps a last normalization.
final class EncoderDecoderStack {
  let embedding: Embedding
  private let positions: Embedding?
  private let embeddingNorm, lastNorm: Normalization?
  private let blocks: [EncoderDecoderBlock]
  private let layerDropout: Double
  private let configuration: EncoderDecoderConfiguration
  private let mode: Mode

  /// - Parameters:
  ///   - table: of tokens, which both halves share.
  ///   - readsSource: whether this is the decoder.
  init(
    _ path: Path, _ half: EncoderDecoderHalf, _ config: EncoderDecoderConfiguration, table: Parameter,
    readsSource: Bool
  ) throws {
    (configuration, layerDropout, mode) = (config, half.layerDropout, path.store.mode)
    embedding = try Embedding(
      path / "embed_tokens", entries: config.vocabularySize, size: config.hiddenSize,
      scale: config.embeddingScale, padding: config.norm == .layer ? config.paddingID : nil, tiedTo: table)
    if case .learned(let count, let offset) = config.positions {
      positions = try Embedding(
        path / "embed_positions", entries: count + offset, size: config.hiddenSize)
    } else {
      positions = nil
    }
    embeddingNorm =
      try config.normalizesEmbeddings ? Normalization(path / half.names.embeddingNorm, config) : nil
    blocks = try (0..<half.layerCount).map { index in
      try EncoderDecoderBlock(
        path / half.names.blocks / index, index: index, half, config, readsSource: readsSource)
    }
    lastNorm = try half.names.lastNorm.map { try Normalization(path / $0, config) }
  }

  /// The last hidden states [batch, tokens, d].
  ///
  /// - Parameters:
  ///   - x: embedded tokens [batch, tokens, d].
  ///   - visible: which tokens are seen, bool [batch, 1, 1, tokens]; nil for all.
  ///   - offset: tokens in the cache before these.
  func callAsFunction(
    _ x: Tensor, _ pass: ForwardPass, visible: Tensor? = nil, source: EncodedText? = nil,
    cache: EncoderDecoderCache? = nil, isCausal: Bool
  ) throws -> Tensor {
    let (count, offset) = (x.shape[1], cache?.own.length ?? 0)
    mode.pass = pass
    var hidden = x
    if let positions { hidden = try hidden + positions(places(count, offset, x.device)) }
    if let embeddingNorm { hidden = try embeddingNorm(hidden) }
    hidden = try mode.dropped(hidden, configuration.dropout)
    var mask = try visible ?? hidingLater(count, offset, x.device, isCausal: isCausal)
    for block in blocks {
      if let bias = block.bias {
        mask = try biased(bias, visible, queries: count, offset: offset, hidden, isCausal: isCausal)
      }
      let leavesOut = try mode.isTraining && layerDropout > 0 && Tensor.rand([]).item() < layerDropout
      guard !leavesOut else { continue }
      hidden = try block(
        hidden,
        EncoderDecoderContext(pass: pass, mask: mask, isCausal: isCausal, source: source, cache: cache))
    }
    hidden = try lastNorm?(hidden) ?? hidden
    return try mode.dropped(hidden, configuration.outputDropout)
  }

  /// The rows of the tokens' positions, int64 [1, count].
  private func places(_ count: Int, _ offset: Int, _ device: Device) throws -> Tensor {
    guard case .learned(let limit, let first) = configuration.positions else {
      return try .arange(0, count, device: device).unsqueezed(0)
    }
    guard offset + count <= limit else {
      throw ModelError(
        "\(offset + count) tokens, in the input: the model has positions for \(limit); shorten the text, or "
          + "lower --max-length")
    }
    return try .arange(first + offset, first + offset + count, device: device).unsqueezed(0)
  }

  /// The mask that hides later tokens, bool [1, 1, count, keys]; nil where attention does it by itself.
  private func hidingLater(
    _ count: Int, _ offset: Int, _ device: Device, isCausal: Bool
  ) throws -> Tensor? {
    guard isCausal else { return nil }
    var pattern = AttentionPattern()
    pattern.offset = offset
    return try pattern.mask(queries: count, device: device)
  }

  /// The bias of distances with minus infinity where nothing is seen, [batch or 1, heads, queries, keys].
  private func biased(
    _ bias: PositionBias, _ visible: Tensor?, queries: Int, offset: Int, _ hidden: Tensor, isCausal: Bool
  ) throws -> Tensor {
    let keys = offset + queries
    // Attention takes a mask of the type of its queries, which is that of the tokens.
    let scores = try bias(
      queries: queries, keys: keys, offset: offset, isCausal: isCausal, device: hidden.device
    ).to(dtype: embedding.weight.dtype)
    if let visible { return try scores.maskedFill(visible.logicalNot(), -.infinity) }
    guard isCausal, queries > 1 else { return scores }
    let query = try Tensor.arange(offset, keys, device: hidden.device).unsqueezed(1)
    let key = try Tensor.arange(0, keys, device: hidden.device).unsqueezed(0)
    return try scores.maskedFill(key.greater(query), -.infinity)
  }
}
