import NN
import Torch

/// The body of ModernBERT: normalized words, layers of two kinds, and a normalization at the end.
final class ModernBertBody: EncoderBody {
  private let configuration: ModernBertConfiguration
  let words: Embedding
  private let inputNorm, outputNorm: LayerNorm
  private let blocks: [ModernBertBlock]
  private let mode: Mode

  init(_ path: Path, _ config: ModernBertConfiguration) throws {
    (configuration, mode) = (config, path.store.mode)
    func norm(_ name: String) throws -> LayerNorm {
      try LayerNorm(path / name, size: config.hiddenSize, eps: config.normEpsilon, bias: config.normBias)
    }
    words = try Embedding(
      path / "embeddings" / "tok_embeddings", entries: config.vocabularySize, size: config.hiddenSize,
      padding: config.paddingID)
    inputNorm = try norm("embeddings.norm")
    blocks = try config.isLocal.indices.map { try ModernBertBlock(path / "layers" / $0, config, index: $0) }
    outputNorm = try norm("final_norm")
  }

  var contextLength: Int { configuration.positionCount }

  func callAsFunction(_ input: ModelInput) throws -> Tensor {
    try input.check()
    guard input.ids.shape[1] <= contextLength else { throw input.tooLong(contextLength) }
    let embedded =
      try input.embeddings ?? words(input.ids.checked(below: configuration.vocabularySize, "token id"))
    var hidden = try mode.dropped(inputNorm(embedded), configuration.embeddingDropout)
    let sights = try ModernBertSights(input, configuration, dtype: hidden.dtype)
    for (block, isLocal) in zip(blocks, configuration.isLocal) {
      hidden = try block(hidden, isLocal ? sights.local : sights.global)
    }
    return try outputNorm(hidden)
  }
}

/// What the layers of each kind see of a batch.
struct ModernBertSights {
  struct Sight {
    /// Which keys each query sees, bool [batch or 1, 1, tokens or 1, tokens]; nil for all.
    let mask: Tensor?
    let rotary: RotaryTables
  }

  let global, local: Sight

  init(_ input: ModelInput, _ config: ModernBertConfiguration, dtype: DType) throws {
    let (count, device) = (input.ids.shape[1], input.ids.device)
    let positions = try input.positions ?? .arange(0, count, device: device).unsqueezed(0)
    let size = config.hiddenSize / config.headCount
    func rotary(_ theta: Double) throws -> RotaryTables {
      try RotaryEmbedding(theta: theta, dimensions: size, contextLength: config.positionCount, scaling: .none)
        .tables(positions, length: count, dtype: dtype)
    }
    var visible: Tensor?
    if let segments = input.segments {
      visible = try segments.unsqueezed(2).equal(segments.unsqueezed(1)).unsqueezed(1)
    }
    if let mask = input.attentionMask {
      let real = try mask.to(dtype: .bool).unsqueezed(1).unsqueezed(1)
      visible = try visible?.logicalAnd(real) ?? real
    }
    global = Sight(mask: visible, rotary: try rotary(config.globalTheta))
    var near = visible
    if count > config.reach + 1 {
      let place = try Tensor.arange(0, count, device: device)
      let band = try (place.unsqueezed(1) - place.unsqueezed(0)).abs().less(Double(config.reach + 1))
      near = try visible?.logicalAnd(band) ?? band.unsqueezed(0).unsqueezed(0)
      // Padding far from every real token sees itself, so that no softmax is over nothing.
      near = try near?.logicalOr(place.unsqueezed(1).equal(place.unsqueezed(0)))
    }
    local = Sight(mask: near, rotary: try rotary(config.localTheta))
  }
}
