import NN
import Torch

/// The sum of a token's rows in the tables of words, positions and segments, normalized.
struct EncoderEmbeddings {
  let words: Embedding
  private let positions: Embedding
  private let types: Embedding?
  private let norm: LayerNorm
  private let configuration: EncoderConfiguration

  init(_ path: Path, _ config: EncoderConfiguration) throws {
    configuration = config
    func table(_ name: String, _ entries: Int, padding: Int? = nil) throws -> Embedding {
      try Embedding(path / name, entries: entries, size: config.embeddingSize, padding: padding)
    }
    words = try table("word_embeddings", config.vocabularySize, padding: config.paddingID)
    positions = try table(
      "position_embeddings", config.positionCount,
      padding: config.firstPosition > 0 ? config.paddingID : nil)
    types = try config.typeCount > 0 ? table("token_type_embeddings", config.typeCount) : nil
    norm = try LayerNorm(path / "LayerNorm", size: config.embeddingSize, eps: config.normEpsilon)
  }

  /// [batch, tokens, width of the tables].
  func callAsFunction(_ input: ModelInput) throws -> Tensor {
    var sum =
      try input.embeddings ?? words(input.ids.checked(below: configuration.vocabularySize, "token id"))
    if let types { sum = try sum + types(typeIDs(input)) }
    return try norm(sum + positions(places(input)))
  }

  /// The segments of the tokens; the first for all where nothing is said, or where there is only one.
  private func typeIDs(_ input: ModelInput) throws -> Tensor {
    guard let ids = input.typeIDs, configuration.typeCount > 1 else {
      return try .zeros([1, input.ids.shape[1]], dtype: .int64, device: input.ids.device)
    }
    return try ids.checked(below: configuration.typeCount, "token type")
  }

  /// The rows of the tokens' positions.
  ///
  /// Where counting starts behind the padding token's number (RoBERTa), padding does not count and has a row of its own.
  private func places(_ input: ModelInput) throws -> Tensor {
    let (first, count) = (configuration.firstPosition, input.ids.shape[1])
    guard count <= configuration.contextLength else { throw input.tooLong(configuration.contextLength) }
    if let positions = input.positions {
      let places = try positions.checked(below: configuration.contextLength, "position")
      return try (places + Double(first)).to(dtype: .int64)
    }
    guard first > 0, let padding = configuration.paddingID, input.embeddings == nil else {
      return try .arange(first, first + count, device: input.ids.device).unsqueezed(0)
    }
    let isReal = try input.ids.notEqual(Double(padding)).to(dtype: .int64)
    return try (isReal.cumsum(1) * isReal + Double(padding)).to(dtype: .int64)
  }
}
