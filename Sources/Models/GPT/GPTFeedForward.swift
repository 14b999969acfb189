import NN
import Torch

/// down(activation(up(x))), or down(activation(gate(x)) * up(x)) where there is a gate.
struct GPTFeedForward {
  private let inner: GPTConfiguration.Layer
  private let down: GPTConfiguration.Layer

  init(_ path: Path, _ config: GPTConfiguration) throws {
    let (outer, width, bias) = (config.hiddenSize, config.intermediateSize, config.feedForwardBias)
    let activation = config.activation
    if let gate = config.names.gate {
      let group = LinearGroup(
        try [gate, config.names.up].map { name in
          try Linear(
            path / name, in: outer, out: width, bias: bias, initial: .normal(std: config.initializerRange))
        })
      inner = { x in
        let parts = try group(x)
        return try gated(parts[0], parts[1], by: activation)
      }
    } else {
      let up = try config.linear(path / config.names.up, in: outer, out: width, bias: bias)
      inner = { try activation(up($0)) }
    }
    down = try config.linear(path / config.names.down, in: width, out: outer, bias: bias)
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor { try down(inner(x)) }
}
