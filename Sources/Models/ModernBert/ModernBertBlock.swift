import NN
import Torch

/// One layer: attention and gated feed-forward, each of what is normalized, and added.
struct ModernBertBlock {
  private let attentionNorm: LayerNorm?
  private let feedForwardNorm: LayerNorm
  private let projections, attentionOutput, up, down: Linear
  private let configuration: ModernBertConfiguration
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  init(_ path: Path, _ config: ModernBertConfiguration, index: Int) throws {
    let before = path.store.layers.count
    let (d, initial) = (config.hiddenSize, Initializer.normal(std: config.initializerRange))
    func norm(_ name: String) throws -> LayerNorm {
      try LayerNorm(path / name, size: d, eps: config.normEpsilon, bias: config.normBias)
    }
    // The words are normalized already.
    attentionNorm = try index == 0 ? nil : norm("attn_norm")
    projections = try Linear(
      path / "attn.Wqkv", in: d, out: 3 * d, bias: config.attentionBias, initial: initial)
    attentionOutput = try Linear(
      path / "attn.Wo", in: d, out: d, bias: config.attentionBias, initial: initial)
    feedForwardNorm = try norm("mlp_norm")
    let inner = config.intermediateSize
    up = try Linear(path / "mlp.Wi", in: d, out: 2 * inner, bias: config.feedForwardBias, initial: initial)
    down = try Linear(path / "mlp.Wo", in: inner, out: d, bias: config.feedForwardBias, initial: initial)
    (configuration, mode) = (config, path.store.mode)
    layers = Array(path.store.layers[before...])
  }

  /// - Parameter x: [batch, tokens, d].
  func callAsFunction(_ x: Tensor, _ sight: ModernBertSights.Sight) throws -> Tensor {
    try mode.forgetting(layers, [x]) { inputs in
      let hidden = try inputs[0] + attended(attentionNorm?(inputs[0]) ?? inputs[0], sight)
      let parts = try up(feedForwardNorm(hidden)).chunked(2, dim: -1)
      let gated = try configuration.activation(parts[0]) * parts[1]
      return try hidden + down(mode.dropped(gated, configuration.feedForwardDropout))
    }
  }

  private func attended(_ x: Tensor, _ sight: ModernBertSights.Sight) throws -> Tensor {
    let heads = try projections(x).chunked(3, dim: -1).map { part in
      try part.reshaped([x.shape[0], x.shape[1], configuration.headCount, -1])
    }
    let (query, key) = (try sight.rotary.rotateHeads(heads[0]), try sight.rotary.rotateHeads(heads[1]))
    let dropout = mode.isTraining ? configuration.attentionDropout : 0
    let seen = try attention(
      query, key, heads[2].transposed(1, 2), mask: sight.mask, causal: false, dropout: dropout)
    return try mode.dropped(attentionOutput(seen), configuration.attentionDropout)
  }
}
