import NN
import Torch

/// One layer of a decoder: attention and feed-forward, each normalized before, after or both, and added.
struct DecoderBlock {
  private let attention: DecoderAttention
  private let feedForward: FeedForward
  private let beforeAttention, afterAttention, beforeFeedForward, afterFeedForward: DecoderNorm?
  private let index: Int
  private let config: DecoderConfiguration
  private let mode: Mode
  private let run: BlockRunner

  private enum FeedForward {
    case gated(GatedFeedForward)
    case mixture(MixtureFeedForward)
  }

  /// What a layer gives.
  struct Output {
    /// [batch, tokens, d].
    var hidden: Tensor
    /// The router's logits [batch * tokens, experts], if it has experts.
    var routing: Tensor?
  }

  init(_ path: Path, index: Int, _ config: DecoderConfiguration) throws {
    let before = path.store.layers.count
    attention = try DecoderAttention(path / "self_attn", config, rotary: config.layers[index].rotary)
    if let mixture = config.mixture, config.layers[index].hasExperts {
      feedForward = .mixture(try MixtureFeedForward(path / mixture.place, mixture, config))
    } else {
      feedForward = .gated(try GatedFeedForward(path / config.feedForwardPlace, config))
    }
    func norm(_ name: String?) throws -> DecoderNorm? {
      try name.map { try DecoderNorm(path / $0, config) }
    }
    beforeAttention = try norm(config.norms.beforeAttention)
    afterAttention = try norm(config.norms.afterAttention)
    beforeFeedForward = try norm(config.norms.beforeFeedForward)
    afterFeedForward = try norm(config.norms.afterFeedForward)
    (self.index, self.config) = (index, config)
    mode = path.store.mode
    run = BlockRunner(index, path.store, since: before)
  }

  func callAsFunction(_ x: Tensor, _ context: DecoderContext, cache: KeyValueCache?) throws -> Output {
    let sight = context.sights[index]
    let results = try run.outputs(x, context.pass, cache: cache, firstKey: sight.firstKey) { x, extend in
      let input = try beforeAttention?(x) ?? x
      let attended = try attention(input, context, sight, extend: extend)
      let between = try adding(afterAttention?(attended) ?? attended, to: x)
      let (fed, routing) = try feed(config.isParallel ? input : beforeFeedForward?(between) ?? between)
      return [try adding(afterFeedForward?(fed) ?? fed, to: between)] + (routing.map { [$0] } ?? [])
    }
    return Output(hidden: results[0], routing: results.count > 1 ? results[1] : nil)
  }

  private func feed(_ x: Tensor) throws -> (Tensor, Tensor?) {
    switch feedForward {
    case .gated(let layer): return (try layer(x), nil)
    case .mixture(let mixture):
      let result = try mixture(x)
      return (result.output, result.logits)
    }
  }

  private func adding(_ part: Tensor, to x: Tensor) throws -> Tensor {
    let drops = mode.isTraining && config.residualDropout > 0
    let part = drops ? try part.dropout(config.residualDropout) : part
    return config.residualScale == 1 ? try x + part : try x.adding(part, scale: config.residualScale)
  }
}
