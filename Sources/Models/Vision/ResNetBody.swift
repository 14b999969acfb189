import NN
import Torch

/// A network of convolutions in blocks, each of which adds to what it is given.
///
/// Source: He et al. 2016, "Deep Residual Learning for Image Recognition".
final class ResNetBody: VisionBody {
  struct Configuration: Sendable {
    var picture: PictureShape
    /// Channels behind the first convolution.
    var firstChannels: Int
    var stages: [(channels: Int, layers: Int)]
    var activation: Activation
    /// Whether blocks narrow to a quarter of their channels inside.
    var hasBottlenecks: Bool
    /// Whether the first stage halves the places too.
    var shrinksFirst: Bool
    /// Whether a bottleneck halves them in its first convolution and not in its second.
    var shrinksEarly: Bool
  }

  let picture: PictureShape
  private let first: ResNetConvolution
  private let blocks: [ResNetBlock]

  init(_ path: Path, _ config: Configuration) throws {
    picture = config.picture
    first = try ResNetConvolution(
      path / "embedder" / "embedder", in: picture.channels, out: config.firstChannels, kernel: 7, stride: 2,
      activation: config.activation)
    var (channels, blocks): (Int, [ResNetBlock]) = (config.firstChannels, [])
    for (index, stage) in config.stages.enumerated() {
      for layer in 0..<stage.layers {
        let shrinks = layer == 0 && (index > 0 || config.shrinksFirst)
        blocks.append(
          try ResNetBlock(
            path / "encoder" / "stages" / index / "layers" / layer, config, in: channels, out: stage.channels,
            stride: shrinks ? 2 : 1))
        channels = stage.channels
      }
    }
    self.blocks = blocks
  }

  func states(_ pixels: Tensor) throws -> Tensor {
    try blocks.reduce(first(pixels).maxPooled(window: 3, stride: 2, padding: 1)) { try $1($0) }
  }

  func pooled(_ pixels: Tensor) throws -> Tensor { try states(pixels).mean([-2, -1]) }

  func classified(_ pixels: Tensor) throws -> Tensor { try pooled(pixels) }
}

/// A convolution with what follows it.
struct ResNetConvolution {
  private let convolution: Convolution
  private let normalization: BatchNorm
  private let activation: Activation?

  init(
    _ path: Path, in inputs: Int, out outputs: Int, kernel: Int, stride: Int = 1, activation: Activation?
  ) throws {
    convolution = try Convolution(
      path / "convolution", in: inputs, out: outputs,
      ConvolutionGeometry(
        kernel: [kernel, kernel], stride: [stride, stride], padding: .each([kernel / 2, kernel / 2])),
      bias: false)
    normalization = try BatchNorm(path / "normalization", size: outputs)
    self.activation = activation
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let y = try normalization(convolution(x))
    return try activation?(y) ?? y
  }
}

/// Two or three convolutions beside a way around them.
struct ResNetBlock {
  private let shortcut: ResNetConvolution?
  private let layers: [ResNetConvolution]
  private let activation: Activation

  init(_ path: Path, _ config: ResNetBody.Configuration, in inputs: Int, out outputs: Int, stride: Int) throws
  {
    activation = config.activation
    shortcut =
      inputs != outputs || stride > 1
      ? try ResNetConvolution(
        path / "shortcut", in: inputs, out: outputs, kernel: 1, stride: stride, activation: nil) : nil
    // Inside a block it is always this activation.
    func layer(
      _ index: Int, _ inputs: Int, _ outputs: Int, _ kernel: Int, _ stride: Int, isLast: Bool = false
    )
      throws -> ResNetConvolution
    {
      try ResNetConvolution(
        path / "layer" / index, in: inputs, out: outputs, kernel: kernel, stride: stride,
        activation: isLast ? nil : .relu)
    }
    guard config.hasBottlenecks else {
      layers = [
        try layer(0, inputs, outputs, 3, stride), try layer(1, outputs, outputs, 3, 1, isLast: true),
      ]
      return
    }
    let narrow = max(1, outputs / 4)
    layers = [
      try layer(0, inputs, narrow, 1, config.shrinksEarly ? stride : 1),
      try layer(1, narrow, narrow, 3, config.shrinksEarly ? 1 : stride),
      try layer(2, narrow, outputs, 1, 1, isLast: true),
    ]
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let y = try layers.reduce(x) { try $1($0) }
    return try activation(y + (shortcut?(x) ?? x))
  }
}
