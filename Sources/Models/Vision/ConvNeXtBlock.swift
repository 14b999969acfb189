import NN
import Torch

/// One layer of a ConvNeXt: a wide convolution in each channel, then a feed-forward layer at each place.
///
/// Source: Liu et al. 2022, "A ConvNet for the 2020s"; the second version's normalization of responses: Woo et al. 2023,
/// "ConvNeXt V2", section 3.
struct ConvNeXtBlock {
  private let convolution: Convolution
  private let norm: LayerNorm
  private let up, down: Linear
  private let scale, responseScale, responseShift: Parameter?
  private let activation: Activation
  private let pathDropout: Double
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  init(_ path: Path, _ config: ConvNeXtBody.Configuration, channels: Int, pathDropout: Double) throws {
    let before = path.store.layers.count
    convolution = try Convolution(
      path / "dwconv", in: channels, out: channels,
      ConvolutionGeometry(kernel: [7, 7], padding: .each([3, 3]), groups: channels))
    norm = try LayerNorm(path / "layernorm", size: channels, eps: ConvNeXtBody.innerEpsilon)
    up = try Linear(path / "pwconv1", in: channels, out: 4 * channels, bias: true, initial: config.initial)
    down = try Linear(path / "pwconv2", in: 4 * channels, out: channels, bias: true, initial: config.initial)
    scale = try config.scaleStart.map {
      try path.parameter("layer_scale_parameter", [channels], initial: .constant($0))
    }
    func response(_ name: String) throws -> Parameter? {
      try config.normalizesResponses
        ? (path / "grn").parameter(name, [1, 1, 1, 4 * channels], initial: .zeros) : nil
    }
    (responseScale, responseShift) = (try response("weight"), try response("bias"))
    (activation, mode, self.pathDropout) = (config.activation, path.store.mode, pathDropout)
    layers = Array(path.store.layers[before...])
  }

  /// x [batch, channels, rows, columns].
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let own = [scale, responseScale, responseShift].compactMap { $0?.tensor }
    return try mode.forgetting(layers, [x] + own) { inputs in
      let x = inputs[0]
      var inner = try activation(up(norm(convolution(x).permuted([0, 2, 3, 1]))))
      if responseScale != nil {
        inner = try normalized(inner, inputs[inputs.count - 2], inputs[inputs.count - 1])
      }
      var thought = try down(inner)
      if scale != nil { thought = try thought * inputs[1] }
      return try x + mode.droppedRows(thought.permuted([0, 3, 1, 2]), pathDropout)
    }
  }

  /// Each channel of [batch, rows, columns, channels] by how strong it is in the picture beside the others.
  private func normalized(_ x: Tensor, _ scale: Tensor, _ shift: Tensor) throws -> Tensor {
    let strength = try x.norm([1, 2], keepDim: true)
    let share = try strength / (strength.mean([-1], keepDim: true) + 1e-6)
    return try x * share * scale + shift + x
  }
}
