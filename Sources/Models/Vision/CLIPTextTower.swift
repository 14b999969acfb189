import NN
import Torch

/// The text's side of CLIP: a transformer in which tokens see those before them.
///
/// Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", section 2.4.
final class CLIPTextTower {
  struct Configuration: Sendable {
    var block: PreNormConfiguration
    var layerCount: Int
    var vocabularySize: Int
    var positionCount: Int
    /// The token whose state stands for the text.
    var endID: Int
  }

  let configuration: Configuration
  let words: Embedding
  private let positions: Embedding
  private let blocks: [PreNormBlock]
  private let norm: LayerNorm
  private let mode: Mode

  init(_ path: Path, _ config: Configuration) throws {
    (configuration, mode) = (config, path.store.mode)
    let (place, d) = (path / "embeddings", config.block.hiddenSize)
    words = try Embedding(place / "token_embedding", entries: config.vocabularySize, size: d)
    positions = try Embedding(place / "position_embedding", entries: config.positionCount, size: d)
    blocks = try (0..<config.layerCount).map {
      try PreNormBlock(path / "encoder" / "layers" / $0, config.block)
    }
    norm = try LayerNorm(path / "final_layer_norm", size: d, eps: config.block.normEpsilon)
  }

  /// The last states [batch, tokens, d].
  ///
  /// - Throws: ``ModelError`` for a text that is too long or has ids that the model does not know.
  func states(_ input: ModelInput) throws -> Tensor {
    let count = input.ids.shape[1]
    guard count > 0 else { throw ModelError("a text without tokens, in the input: give token ids") }
    guard count <= configuration.positionCount else { throw input.tooLong(configuration.positionCount) }
    mode.pass = ForwardPass(ids: input.ids)
    let ids = try input.ids.checked(below: configuration.vocabularySize, "token id")
    let places = try input.positions ?? Tensor.arange(0, count, device: ids.device).unsqueezed(0)
    var pattern = AttentionPattern()
    pattern.keys = try input.attentionMask?.to(dtype: .bool)
    let mask = try pattern.mask(queries: count, device: ids.device)
    var hidden = try words(ids) + positions(places)
    for block in blocks { hidden = try block(hidden, mask: mask, causal: true) }
    return try norm(hidden)
  }

  /// The state of the token that ends each text [batch, d].
  func pooled(_ input: ModelInput) throws -> Tensor {
    let hidden = try states(input)
    // Configurations that say 2 are older than the model's own tokenizer, whose last token has the highest id.
    let marks =
      try configuration.endID == 2
      ? input.ids : input.ids.equal(Double(configuration.endID)).to(dtype: .int64)
    let width = input.ids.shape[1]
    let rows = try Tensor.arange(0, input.ids.shape[0] * width, step: width, device: input.ids.device)
    return try hidden.reshaped([-1, hidden.shape[2]]).indexSelect(0, rows + marks.argmax(-1))
  }
}
