import NN
import Torch

/// One layer of either half: attention, in the decoder attention over the source, and feed-forward; each is added to its
/// input, and normalized before or after.
struct EncoderDecoderBlock {
  private let attention: EncoderDecoderAttention
  private let cross: EncoderDecoderAttention?
  private let feedForward: EncoderDecoderFeedForward
  private let attentionNorm, feedForwardNorm: Normalization
  private let crossNorm: Normalization?
  private let index: Int
  private let configuration: EncoderDecoderConfiguration
  private let mode: Mode
  private let layers: [any AdaptableLayer]
  /// The bias of distances that this layer owns.
  let bias: PositionBias?

  init(
    _ path: Path, index: Int, _ half: EncoderDecoderHalf, _ config: EncoderDecoderConfiguration,
    readsSource: Bool
  ) throws {
    let (before, names) = (path.store.layers.count, half.names)
    attention = try EncoderDecoderAttention(path / names.selfAttention, half, config)
    attentionNorm = try Normalization(path / names.selfAttentionNorm, config)
    cross = try readsSource ? EncoderDecoderAttention(path / names.crossAttention, half, config) : nil
    crossNorm = try readsSource ? Normalization(path / names.crossAttentionNorm, config) : nil
    feedForward = try EncoderDecoderFeedForward(path, half, config)
    feedForwardNorm = try Normalization(path / names.feedForwardNorm, config)
    layers = Array(path.store.layers[before...])
    if case .relative(let positions, let inEveryLayer) = config.positions, index == 0 || inEveryLayer {
      bias = try PositionBias(
        path / names.selfAttention / "relative_attention_bias", positions, heads: half.headCount)
    } else {
      bias = nil
    }
    (self.index, configuration, mode) = (index, config, path.store.mode)
  }

  func callAsFunction(_ x: Tensor, _ context: EncoderDecoderContext) throws -> Tensor {
    guard mode.gradientCheckpointing, mode.isTraining, isRecordingGradients else {
      return try output(x, context) { key, value in
        try context.cache?.own.extend(index, key: key, value: value) ?? (key, value)
      }
    }
    return try checkpointed(x, context)
  }

  private func output(
    _ x: Tensor, _ context: EncoderDecoderContext, extend: (Tensor, Tensor) throws -> (Tensor, Tensor)
  ) throws -> Tensor {
    // A block that is run again for the backward pass may come after another pass.
    mode.pass = context.pass
    var x = try adding(to: x, attentionNorm) { x in
      try attention(x, mask: context.mask, isCausal: context.isCausal, extend: extend)
    }
    if let cross, let crossNorm, let source = context.source {
      x = try adding(to: x, crossNorm) { x in
        try cross(x, over: memory(of: source, cross, context), mask: source.visible)
      }
    }
    return try adding(to: x, feedForwardNorm) { try feedForward($0) }
  }

  /// The keys and values of the source, which a cache keeps from the first pass on.
  private func memory(
    of source: EncodedText, _ cross: EncoderDecoderAttention, _ context: EncoderDecoderContext
  ) throws -> (key: Tensor, value: Tensor) {
    if let known = context.cache?.memories[index] { return known }
    let memory = try cross.memory(of: source.hidden)
    if !mode.gradientCheckpointing || !isRecordingGradients { context.cache?.memories[index] = memory }
    return memory
  }

  private func adding(
    to x: Tensor, _ norm: Normalization, _ sublayer: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    let added = try mode.dropped(sublayer(configuration.normalizesFirst ? norm(x) : x), configuration.dropout)
    let sum = try (x + added).withinRange()
    return configuration.normalizesFirst ? sum : try norm(sum)
  }

  /// The same, forgetting what lies between. What the cache holds stands in front but nothing is added to it, since
  /// this runs twice.
  private func checkpointed(_ x: Tensor, _ context: EncoderDecoderContext) throws -> Tensor {
    let earlier = try context.cache?.own.contents(of: index)
    // What gradients flow to goes in as an input, the rest is held.
    let parts = [x, context.source?.hidden, context.mask, earlier?.key, earlier?.value]
    return try Torch.checkpointed(parts.compactMap(\.self), parameters: trainableTensors) { inputs in
      var rest = inputs[...]
      let given = parts.map { $0 == nil ? nil : rest.popFirst() }
      var context = context
      context.source?.hidden = given[1] ?? x
      context.mask = given[2]
      let result = try output(given[0] ?? x, context) { key, value in
        guard let earlierKey = given[3], let earlierValue = given[4] else { return (key, value) }
        return (try .cat([earlierKey, key], dim: 2), try .cat([earlierValue, value], dim: 2))
      }
      return [result]
    }[0]
  }

  /// Every tensor that training changes, once.
  private var trainableTensors: [Tensor] {
    var seen = Set<ObjectIdentifier>()
    return layers.flatMap(\.trainableTensors).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}

extension Tensor {
  /// The same without infinities where the type is float16, which sums of T5 leave.
  ///
  /// Source: `T5Block` of transformers.
  fileprivate func withinRange() throws -> Tensor {
    dtype == .float16 ? try clamped(min: -64504, max: 64504) : self
  }
}
