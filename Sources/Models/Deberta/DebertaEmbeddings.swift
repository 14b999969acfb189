import NN
import Torch

/// A token's row in the table of words, perhaps with its position and segment, normalized; padding is zero.
struct DebertaEmbeddings {
  let words: Embedding
  private let positions, types: Embedding?
  private let projection: Linear?
  private let norm: LayerNorm
  private let configuration: DebertaConfiguration
  private let mode: Mode

  init(_ path: Path, _ config: DebertaConfiguration) throws {
    (configuration, mode) = (config, path.store.mode)
    let size = config.embeddingSize
    words = try Embedding(
      path / "word_embeddings", entries: config.vocabularySize, size: size, padding: config.paddingID)
    positions =
      try config.addsPositions
      ? Embedding(path / "position_embeddings", entries: config.positionCount, size: size) : nil
    types =
      try config.typeCount > 0
      ? Embedding(path / "token_type_embeddings", entries: config.typeCount, size: size) : nil
    projection =
      try size == config.hiddenSize
      ? nil
      : Linear(
        path / "embed_proj", in: size, out: config.hiddenSize, initial: .normal(std: config.initializerRange))
    norm = try LayerNorm(path / "LayerNorm", size: config.hiddenSize, eps: config.normEpsilon)
  }

  /// [batch, tokens, d].
  func callAsFunction(_ input: ModelInput) throws -> Tensor {
    let (count, device) = (input.ids.shape[1], input.ids.device)
    guard count <= configuration.positionCount else { throw input.tooLong(configuration.positionCount) }
    var sum =
      try input.embeddings ?? words(input.ids.checked(below: configuration.vocabularySize, "token id"))
    if let positions {
      let places = try input.positions ?? .arange(0, count, device: device).unsqueezed(0)
      sum = try sum + positions(places.checked(below: configuration.positionCount, "position"))
    }
    if let types {
      let ids = try input.typeIDs ?? .zeros([1, count], dtype: .int64, device: device)
      sum = try sum + types(ids.checked(below: configuration.typeCount, "token type"))
    }
    if let projection { sum = try projection(sum) }
    var hidden = try norm(sum)
    if let mask = input.attentionMask { hidden = try hidden * mask.to(dtype: hidden.dtype).unsqueezed(-1) }
    return try mode.dropped(hidden, configuration.dropout)
  }
}
