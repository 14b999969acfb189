import NN
import Torch

/// One layer of a decoder: attention and feed-forward, each normalized before and added after.
struct DecoderBlock {
  private let attentionNorm, feedForwardNorm: RMSNorm
  private let attention: DecoderAttention
  private let feedForward: GatedFeedForward
  private let index: Int
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  init(_ path: Path, index: Int, _ config: DecoderConfiguration) throws {
    let before = path.store.layers.count
    attention = try DecoderAttention(path / "self_attn", config)
    feedForward = try GatedFeedForward(path / "mlp", config)
    attentionNorm = try RMSNorm(path / "input_layernorm", size: config.hiddenSize, eps: config.normEpsilon)
    feedForwardNorm = try RMSNorm(
      path / "post_attention_layernorm", size: config.hiddenSize, eps: config.normEpsilon)
    self.index = index
    mode = path.store.mode
    layers = Array(path.store.layers[before...])
  }

  func callAsFunction(_ x: Tensor, _ context: DecoderContext, cache: KeyValueCache?) throws -> Tensor {
    if mode.gradientCheckpointing, mode.isTraining, isRecordingGradients {
      return try checkpointed(x, context, cache: cache)
    }
    let first = context.sights[index].firstKey
    return try output(x, context) { key, value in
      try cache?.extend(index, key: key, value: value, from: first) ?? (key, value)
    }
  }

  private func output(
    _ x: Tensor, _ context: DecoderContext, extend: (Tensor, Tensor) throws -> (Tensor, Tensor)
  ) throws -> Tensor {
    // A block that is run again for the backward pass may come after another pass.
    mode.pass = context.pass
    let x = try x + attention(attentionNorm(x), context, context.sights[index], extend: extend)
    return try x + feedForward(feedForwardNorm(x))
  }

  /// The same, forgetting what lies between. What the cache holds stands in front but nothing is added to it, since
  /// this runs twice.
  private func checkpointed(_ x: Tensor, _ context: DecoderContext, cache: KeyValueCache?) throws -> Tensor {
    let earlier = try cache?.contents(of: index)
    let first = context.sights[index].firstKey
    let inputs = [x] + (earlier.map { [$0.key, $0.value] } ?? [])
    let results = try Torch.checkpointed(inputs, parameters: trainableTensors) { inputs in
      let result = try output(inputs[0], context) { key, value in
        guard inputs.count == 3 else { return (key, value) }
        return (
          try .cat([inputs[1], key], dim: 2).slice(2, from: first),
          try .cat([inputs[2], value], dim: 2).slice(2, from: first)
        )
      }
      return [result]
    }
    return results[0]
  }

  /// Every tensor that training changes, once.
  private var trainableTensors: [Tensor] {
    var seen = Set<ObjectIdentifier>()
    return layers.flatMap(\.trainableTensors).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}
