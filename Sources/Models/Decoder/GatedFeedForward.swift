import NN
import Torch

/// down(activation(gate(x)) * up(x)).
///
/// Source: Shazeer 2020, "GLU Variants Improve Transformer".
struct GatedFeedForward {
  private let gateAndUp: GateAndUp
  private let down: Linear
  private let activation: Activation

  /// In one layer, or each in its own.
  private enum GateAndUp {
    case apart(LinearGroup)
    case fused(Linear)

    func callAsFunction(_ x: Tensor) throws -> [Tensor] {
      switch self {
      case .apart(let group): try group(x)
      case .fused(let layer): try layer(x).chunked(2, dim: -1)
      }
    }
  }

  /// - Parameter width: nil for `intermediateSize`.
  init(_ path: Path, _ config: DecoderConfiguration, width: Int? = nil) throws {
    let (outer, inner) = (config.hiddenSize, width ?? config.intermediateSize)
    let (bias, initial) = (config.feedForwardBias, Initializer.normal(std: config.initializerRange))
    func layer(_ name: String, _ size: Int) throws -> Linear {
      try Linear(path / name, in: outer, out: size, bias: bias, initial: initial)
    }
    gateAndUp =
      config.isFused
      ? .fused(try layer("gate_up_proj", 2 * inner))
      : .apart(LinearGroup([try layer("gate_proj", inner), try layer("up_proj", inner)]))
    down = try Linear(path / "down_proj", in: inner, out: outer, bias: bias, initial: initial)
    activation = config.activation
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let parts = try gateAndUp(x)
    return try down(gated(parts[0], parts[1], by: activation))
  }
}
