import NN
import Torch

/// The body that encoders of the BERT kind share: embeddings and layers in which every token sees every other.
///
/// Source: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers".
final class Encoder: EncoderBody {
  let configuration: EncoderConfiguration
  private let embeddings: EncoderEmbeddings
  private let projection: Linear?
  private let blocks: [EncoderBlock]
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  init(_ path: Path, _ config: EncoderConfiguration) throws {
    (configuration, mode) = (config, path.store.mode)
    let before = path.store.layers.count
    embeddings = try EncoderEmbeddings(path / "embeddings", config)
    projection = try config.names.projection.map { name in
      try Linear(
        path / name, in: config.embeddingSize, out: config.hiddenSize, bias: true,
        initial: .normal(std: config.initializerRange))
    }
    var built: [String: EncoderBlock] = [:]
    blocks = try config.blocks.map { name in
      if let block = built[name] { return block }
      let block = try EncoderBlock(path / name, config)
      built[name] = block
      return block
    }
    layers = Array(path.store.layers[before...])
  }

  /// Whether somebody in the layers must get every token at its place.
  private var goesByPlace: Bool {
    mode.keepsPadding || layers.contains { $0.adapters.contains { $0.isActive && $0.adapter.goesByPlace } }
  }

  var contextLength: Int { configuration.contextLength }
  var words: Embedding { embeddings.words }

  /// The last hidden states [batch, tokens, d].
  func callAsFunction(_ input: ModelInput) throws -> Tensor {
    let hidden = try embedded(input)
    guard !goesByPlace, let layout = try UnpaddedLayout(input, mode) else {
      return try run(hidden, .side(mask: visible(input)))
    }
    return try layout.sideBySide(run(layout.endToEnd(hidden), .ends(layout.spans)))
  }

  /// The last hidden states of the texts' first tokens [batch, d]: all that the last layer then computes, but for keys
  /// and values.
  func firstStates(_ input: ModelInput) throws -> Tensor {
    guard !goesByPlace, mode.rowAdapters == nil else { return try self(input).select(1, 0) }
    let hidden = try embedded(input)
    guard let layout = try UnpaddedLayout(input, mode) else {
      let (batch, width, device) = (input.ids.shape[0], input.ids.shape[1], input.ids.device)
      let firsts = try Tensor.arange(0, batch * width, step: width, device: device)
      return try run(hidden, .side(mask: visible(input)), at: firsts).squeezed(0)
    }
    return try run(layout.endToEnd(hidden), .ends(layout.spans), at: layout.firsts).squeezed(0)
  }

  private func embedded(_ input: ModelInput) throws -> Tensor {
    try input.check()
    mode.pass = ForwardPass(ids: input.ids, segments: input.segments)
    let hidden = try mode.dropped(embeddings(input), configuration.dropout)
    return try projection?(hidden) ?? hidden
  }

  private func run(_ x: Tensor, _ sight: EncoderBlock.Sight, at places: Tensor? = nil) throws -> Tensor {
    var hidden = x
    for (index, block) in blocks.enumerated() {
      hidden = try block(hidden, sight, at: index == blocks.count - 1 ? places : nil)
    }
    return hidden
  }

  /// Which tokens each token sees, bool [batch, 1, tokens or 1, tokens]; nil for all.
  private func visible(_ input: ModelInput) throws -> Tensor? {
    var pattern = AttentionPattern()
    (pattern.isCausal, pattern.segments) = (false, input.segments)
    let own = try pattern.mask(queries: input.ids.shape[1], device: input.ids.device)
    guard let keys = try input.visibleKeys() else { return own }
    return try own?.logicalAnd(keys) ?? keys
  }
}
