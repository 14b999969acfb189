import NN
import Torch

/// One layer of a decoder: attention and feed-forward, each normalized before and added after.
struct DecoderBlock {
  private let attentionNorm, feedForwardNorm: RMSNorm
  private let attention: DecoderAttention
  private let feedForward: GatedFeedForward
  private let index: Int
  private let run: BlockRunner

  init(_ path: Path, index: Int, _ config: DecoderConfiguration) throws {
    let before = path.store.layers.count
    attention = try DecoderAttention(path / "self_attn", config)
    feedForward = try GatedFeedForward(path / "mlp", config)
    attentionNorm = try RMSNorm(path / "input_layernorm", size: config.hiddenSize, eps: config.normEpsilon)
    feedForwardNorm = try RMSNorm(
      path / "post_attention_layernorm", size: config.hiddenSize, eps: config.normEpsilon)
    self.index = index
    run = BlockRunner(index, path.store, since: before)
  }

  func callAsFunction(_ x: Tensor, _ context: DecoderContext, cache: KeyValueCache?) throws -> Tensor {
    let sight = context.sights[index]
    return try run(x, context.pass, cache: cache, firstKey: sight.firstKey) { x, extend in
      let x = try x + attention(attentionNorm(x), context, sight, extend: extend)
      return try x + feedForward(feedForwardNorm(x))
    }
  }
}
