import NN
import Torch

/// Causal self-attention with positions of any kind.
struct GPTAttention {
  private let heads: GPTHeads
  private let queryNorm, keyNorm: GPTConfiguration.Layer?
  private let output: GPTConfiguration.Layer
  private let scale: Double
  private let dropout: Double
  private let mode: Mode

  init(_ path: Path, index: Int, _ config: GPTConfiguration) throws {
    heads = try GPTHeads(path, config)
    output = try config.linear(
      path / config.names.attentionOutput, in: config.hiddenSize, out: config.hiddenSize,
      bias: config.outputBias)
    queryNorm = try config.headNorm(path / "q_layernorm", heads: config.headCount)
    keyNorm = try config.headNorm(path / "k_layernorm", heads: config.keyValueHeadCount)
    let scale = config.scalesScores ? 1 / Double(config.headSize).squareRoot() : 1
    self.scale = config.dividesScoresByLayer ? scale / Double(index + 1) : scale
    (dropout, mode) = (config.dropout.attention, path.store.mode)
  }

  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - extend: puts earlier keys and values in front of these.
  func callAsFunction(_ x: Tensor, _ context: GPTContext, extend: BlockRunner.Extend) throws -> Tensor {
    let (query, key, value) = try heads(x)
    let turned = try context.turned(queryNorm?(query) ?? query)
    let (keys, values) = try extend(context.turned(keyNorm?(key) ?? key), value.transposed(1, 2))
    return try output(
      context.sight.attended(turned, keys, values, scale: scale, dropout: mode.isTraining ? dropout : 0))
  }
}
