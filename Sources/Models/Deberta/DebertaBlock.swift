import NN
import Torch

/// One layer: attention and feed-forward, each added to its input and normalized after.
struct DebertaBlock {
  private let attention: DebertaAttention
  private let attentionOutput, up, down: Linear
  private let attentionNorm, outputNorm: LayerNorm
  private let configuration: DebertaConfiguration
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  init(_ path: Path, _ config: DebertaConfiguration) throws {
    let before = path.store.layers.count
    let (d, initial) = (config.hiddenSize, Initializer.normal(std: config.initializerRange))
    func norm(_ name: String) throws -> LayerNorm {
      try LayerNorm(path / name, size: d, eps: config.normEpsilon)
    }
    attention = try DebertaAttention(path / "attention.self", config)
    attentionOutput = try Linear(
      path / "attention.output.dense", in: config.headCount * config.headSize, out: d, bias: true,
      initial: initial)
    attentionNorm = try norm("attention.output.LayerNorm")
    up = try Linear(
      path / "intermediate.dense", in: d, out: config.intermediateSize, bias: true, initial: initial)
    down = try Linear(
      path / "output.dense", in: config.intermediateSize, out: d, bias: true, initial: initial)
    outputNorm = try norm("output.LayerNorm")
    (configuration, mode) = (config, path.store.mode)
    layers = Array(path.store.layers[before...])
  }

  /// See ``DebertaAttention/callAsFunction(_:mask:table:)``.
  func callAsFunction(_ x: Tensor, mask: Tensor?, table: (rows: Tensor, distances: Tensor)?) throws -> Tensor
  {
    let biases = attention.projections.biases.map(\.tensor)
    return try mode.forgetting(layers, and: biases, [x] + (table.map { [$0.rows] } ?? [])) { inputs in
      let table = table.map { (rows: inputs[1], distances: $0.distances) }
      let seen = try attentionOutput(attention(inputs[0], mask: mask, table: table))
      let hidden = try attentionNorm(inputs[0] + mode.dropped(seen, configuration.dropout))
      let thought = try down(configuration.activation(up(hidden)))
      return try outputNorm(hidden + mode.dropped(thought, configuration.dropout))
    }
  }
}
