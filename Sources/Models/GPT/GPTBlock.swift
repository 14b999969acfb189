import NN
import Torch

/// One layer of a decoder of the GPT kind.
struct GPTBlock {
  private let attentionNorm, feedForwardNorm: GPTConfiguration.Layer
  private let attention: GPTAttention
  private let feedForward: GPTFeedForward
  private let residual: GPTResidual
  private let dropout: GPTDropout
  private let mode: Mode
  private let run: BlockRunner

  init(_ path: Path, index: Int, _ config: GPTConfiguration) throws {
    let before = path.store.layers.count
    attentionNorm = try config.norm(path / config.names.attentionNorm)
    attention = try GPTAttention(path / config.names.attention, index: index, config)
    if case .parallel(sharesNorm: true) = config.residual {
      feedForwardNorm = attentionNorm
    } else {
      feedForwardNorm = try config.norm(path / config.names.feedForwardNorm)
    }
    feedForward = try GPTFeedForward(path, config)
    (residual, dropout, mode) = (config.residual, config.dropout, path.store.mode)
    run = BlockRunner(index, path.store, since: before)
  }

  func callAsFunction(_ x: Tensor, _ context: GPTContext, cache: KeyValueCache?) throws -> Tensor {
    try run(x, context.pass, cache: cache, firstKey: context.sight.firstKey) { x, extend in
      try output(x, context, extend)
    }
  }

  private func output(_ x: Tensor, _ context: GPTContext, _ extend: BlockRunner.Extend) throws -> Tensor {
    func seen(_ x: Tensor) throws -> Tensor {
      try mode.dropped(attention(x, context, extend: extend), dropout.attentionOutput)
    }
    func thought(_ x: Tensor) throws -> Tensor { try mode.dropped(feedForward(x), dropout.feedForward) }
    switch residual {
    case .sequential:
      let middle = try x + seen(attentionNorm(x))
      return try middle + thought(feedForwardNorm(middle))
    case .sequentialOnNorm:
      let first = try attentionNorm(x)
      let second = try feedForwardNorm(first + seen(first))
      return try second + thought(second)
    case .normalizedAfter:
      let middle = try attentionNorm(x + seen(x))
      return try feedForwardNorm(middle + thought(middle))
    case .parallel(let sharesNorm):
      let first = try attentionNorm(x)
      return try x + seen(first) + thought(sharesNorm ? first : feedForwardNorm(x))
    }
  }
}
