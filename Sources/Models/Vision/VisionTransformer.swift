import NN
import Torch

/// A transformer over the patches of a picture.
///
/// Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words".
final class VisionTransformer: VisionBody {
  /// What a classifier reads.
  enum Reading: Sendable { case first, firstAndMean, mean }

  /// All that families differ in, as values.
  struct Configuration: Sendable {
    var patches: PatchConfiguration
    var block: PreNormConfiguration
    /// The names of the layers.
    var blocks: [String]
    /// The name of the normalization between patches and layers, where there is one.
    var firstNorm: String?
    var lastNorm = "layernorm"
    /// Whether it is only the first token's.
    var normsFirstOnly = false
    /// Of the embeddings.
    var dropout = 0.0
    var reading = Reading.first
  }

  let picture: PictureShape
  private let configuration: Configuration
  private let embeddings: PatchEmbeddings
  private let firstNorm, lastNorm: LayerNorm?
  private let blocks: [PreNormBlock]
  private let mode: Mode

  /// - Parameter task: a classifier that reads patches has no use for a normalization of the first token.
  init(_ path: Path, _ config: Configuration, task: ModelTask) throws {
    (configuration, picture, mode) = (config, config.patches.picture, path.store.mode)
    let (d, eps) = (config.block.hiddenSize, config.block.normEpsilon)
    embeddings = try PatchEmbeddings(path / "embeddings", config.patches)
    firstNorm = try config.firstNorm.map { try LayerNorm(path / $0, size: d, eps: eps) }
    blocks = try config.blocks.map { try PreNormBlock(path / $0, config.block) }
    let isIdle = task == .imageClassification && config.reading == .mean && config.normsFirstOnly
    lastNorm = isIdle ? nil : try LayerNorm(path / config.lastNorm, size: d, eps: eps)
  }

  func states(_ pixels: Tensor) throws -> Tensor {
    let hidden = try run(pixels)
    return configuration.normsFirstOnly ? hidden : try lastNorm?(hidden) ?? hidden
  }

  func pooled(_ pixels: Tensor) throws -> Tensor {
    let first = try run(pixels, firstOnly: true).select(1, 0)
    return try lastNorm?(first) ?? first
  }

  func classified(_ pixels: Tensor) throws -> Tensor {
    guard configuration.reading != .first else { return try pooled(pixels) }
    let all = try states(pixels)
    let mean = try all.slice(1, from: 1 + configuration.patches.registerCount).mean([1])
    return configuration.reading == .mean ? mean : try Tensor.cat([all.select(1, 0), mean], dim: 1)
  }

  private func run(_ pixels: Tensor, firstOnly: Bool = false) throws -> Tensor {
    var hidden = try mode.dropped(embeddings(pixels), configuration.dropout)
    hidden = try firstNorm?(hidden) ?? hidden
    for (index, block) in blocks.enumerated() {
      hidden = try block(hidden, firstOnly: firstOnly && index == blocks.count - 1)
    }
    return hidden
  }
}
