import NN
import Torch

/// down(activation(up(x))), or down(activation(gate(x)) * up(x)).
struct EncoderDecoderFeedForward {
  private let inputs: LinearGroup
  private let down: Linear
  private let activation: Activation
  private let dropout: Double
  private let mode: Mode

  init(_ path: Path, _ half: EncoderDecoderHalf, _ config: EncoderDecoderConfiguration) throws {
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Linear {
      try Linear(
        path / name, in: inputs, out: outputs, bias: config.hasBias,
        initial: .normal(std: config.initializerRange))
    }
    let (d, inner) = (config.hiddenSize, half.intermediateSize)
    inputs = LinearGroup(
      try [half.names.gate, half.names.up].compactMap(\.self).map { try linear($0, d, inner) })
    down = try linear(half.names.down, inner, d)
    (activation, dropout, mode) = (config.activation, config.feedForwardDropout, path.store.mode)
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let parts = try inputs(x)
    let inner = try parts.count > 1 ? gated(parts[0], parts[1], by: activation) : activation(parts[0])
    // A layer may be kept in a wider type than the others.
    return try down(mode.dropped(inner, dropout).to(dtype: down.weight.dtype))
  }
}
