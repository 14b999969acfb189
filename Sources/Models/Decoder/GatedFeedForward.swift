import NN
import Torch

/// down(activation(gate(x)) * up(x)).
///
/// Source: Shazeer 2020, "GLU Variants Improve Transformer".
struct GatedFeedForward {
  private let gateAndUp: LinearGroup
  private let down: Linear
  private let activation: Activation

  init(_ path: Path, _ config: DecoderConfiguration) throws {
    let (outer, inner) = (config.hiddenSize, config.intermediateSize)
    let (bias, initial) = (config.feedForwardBias, Initializer.normal(std: config.initializerRange))
    gateAndUp = LinearGroup([
      try Linear(path / "gate_proj", in: outer, out: inner, bias: bias, initial: initial),
      try Linear(path / "up_proj", in: outer, out: inner, bias: bias, initial: initial),
    ])
    down = try Linear(path / "down_proj", in: inner, out: outer, bias: bias, initial: initial)
    activation = config.activation
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let parts = try gateAndUp(x)
    return try down(gated(parts[0], parts[1], by: activation))
  }
}
