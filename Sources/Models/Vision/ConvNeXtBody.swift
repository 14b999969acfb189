import NN
import Torch

/// A network of convolutions in stages, each with fewer places and more channels.
///
/// Source: Liu et al. 2022, "A ConvNet for the 2020s".
final class ConvNeXtBody: VisionBody {
  struct Configuration: Sendable {
    var picture: PictureShape
    var patchSize: Int
    /// Channels and layers of each stage.
    var stages: [(channels: Int, layers: Int)]
    var activation: Activation
    var normEpsilon: Double
    var initial: Initializer
    /// Where factors of what a layer adds start from; nil without.
    var scaleStart: Double?
    var normalizesResponses = false
    /// Of the last layer; it grows from 0 evenly.
    var pathDropout: Double
  }

  static let innerEpsilon = 1e-6

  let picture: PictureShape
  private let patches: Convolution
  private let firstNorm, lastNorm: LayerNorm
  private let stages: [Stage]

  private struct Stage {
    let norm: LayerNorm?
    let convolution: Convolution?
    let blocks: [ConvNeXtBlock]
  }

  init(_ path: Path, _ config: Configuration) throws {
    picture = config.picture
    let (first, size) = (config.stages[0].channels, config.patchSize)
    patches = try Convolution(
      path / "embeddings" / "patch_embeddings", in: picture.channels, out: first,
      ConvolutionGeometry(kernel: [size, size], stride: [size, size]))
    firstNorm = try LayerNorm(path / "embeddings" / "layernorm", size: first, eps: Self.innerEpsilon)
    let total = config.stages.reduce(0) { $0 + $1.layers }
    var (channels, depth) = (first, 0)
    stages = try config.stages.enumerated().map { index, stage in
      let place = path / "encoder" / "stages" / index
      let shrinks = index > 0 || channels != stage.channels
      let norm =
        shrinks
        ? try LayerNorm(place / "downsampling_layer" / 0, size: channels, eps: Self.innerEpsilon) : nil
      let stride = index > 0 ? 2 : 1
      let convolution =
        shrinks
        ? try Convolution(
          place / "downsampling_layer" / 1, in: channels, out: stage.channels,
          ConvolutionGeometry(kernel: [2, 2], stride: [stride, stride])) : nil
      let blocks = try (0..<stage.layers).map { layer in
        let rate = total > 1 ? config.pathDropout * Double(depth + layer) / Double(total - 1) : 0
        return try ConvNeXtBlock(
          place / "layers" / layer, config, channels: stage.channels, pathDropout: rate)
      }
      (channels, depth) = (stage.channels, depth + stage.layers)
      return Stage(norm: norm, convolution: convolution, blocks: blocks)
    }
    lastNorm = try LayerNorm(path / "layernorm", size: channels, eps: config.normEpsilon)
  }

  func states(_ pixels: Tensor) throws -> Tensor {
    try requireSize(pixels)
    var hidden = try firstNorm.overChannels(patches(pixels))
    for stage in stages {
      if let norm = stage.norm, let convolution = stage.convolution {
        hidden = try convolution(norm.overChannels(hidden))
      }
      for block in stage.blocks { hidden = try block(hidden) }
    }
    return hidden
  }

  func pooled(_ pixels: Tensor) throws -> Tensor { try lastNorm(states(pixels).mean([-2, -1])) }

  func classified(_ pixels: Tensor) throws -> Tensor { try pooled(pixels) }

  /// Every stage halves the places that the one before has left.
  private func requireSize(_ pixels: Tensor) throws {
    let least = patches.geometry.kernel[0] << (stages.count - 1)
    guard pixels.shape[2] >= least, pixels.shape[3] >= least else {
      throw ModelError(
        "pictures of \(pixels.shape[3])x\(pixels.shape[2]) pixels, in the input: the model needs \(least)x\(least)"
      )
    }
  }
}
