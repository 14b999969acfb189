import NN
import Torch

/// One layer of a transformer that normalizes what attention and the feed-forward layer read, and adds what they give.
///
/// Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", section 3.1; factors as in Touvron et al. 2021,
/// "Going deeper with Image Transformers", section 2.
struct PreNormBlock {
  private let projections: LinearGroup
  private let attentionOutput, up, down: Linear
  private let attentionNorm, feedForwardNorm: LayerNorm
  private let attentionScale, feedForwardScale: Parameter?
  private let configuration: PreNormConfiguration
  private let mode: Mode
  private let layers: [any AdaptableLayer]

  init(_ path: Path, _ config: PreNormConfiguration) throws {
    let before = path.store.layers.count
    let (names, d) = (config.names, config.hiddenSize)
    func linear(_ name: String, _ inputs: Int, _ outputs: Int, bias: Bool = true) throws -> Linear {
      try Linear(path / name, in: inputs, out: outputs, bias: bias, initial: config.initial)
    }
    func scale(_ name: String) throws -> Parameter? {
      try config.scaleStart.map { try path.parameter(name, [d], initial: .constant($0)) }
    }
    projections = LinearGroup(
      try [names.query, names.key, names.value].map { name in
        try linear(name, d, d, bias: config.hasProjectionBias)
      })
    attentionOutput = try linear(names.output, d, d)
    attentionNorm = try LayerNorm(path / names.attentionNorm, size: d, eps: config.normEpsilon)
    feedForwardNorm = try LayerNorm(path / names.feedForwardNorm, size: d, eps: config.normEpsilon)
    up = try linear(names.up, d, config.intermediateSize)
    down = try linear(names.down, config.intermediateSize, d)
    (attentionScale, feedForwardScale) = (
      try scale(names.attentionScale), try scale(names.feedForwardScale)
    )
    configuration = config
    mode = path.store.mode
    layers = Array(path.store.layers[before...])
  }

  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - mask: which tokens each token sees, bool [batch or 1, 1, tokens, tokens]; nil for all.
  ///   - causal: whether later tokens are hidden, where there is no mask.
  ///   - firstOnly: whether only the first token's output is wanted.
  /// - Returns: [batch, tokens or 1, d].
  func callAsFunction(
    _ x: Tensor, mask: Tensor? = nil, causal: Bool = false, firstOnly: Bool = false
  ) throws -> Tensor {
    let scales = [attentionScale, feedForwardScale].compactMap { $0?.tensor }
    return try mode.forgetting(layers, [x] + scales) { inputs in
      func wanted(_ x: Tensor) throws -> Tensor { firstOnly ? try x.slice(1, 0..<1) : x }
      let x = inputs[0]
      let heads = try projections(attentionNorm(x)).map { part in
        try part.reshaped([part.shape[0], part.shape[1], configuration.headCount, -1]).transposed(1, 2)
      }
      let seen = try attention(
        heads[0], heads[1], heads[2], mask: mask, causal: causal,
        dropout: mode.isTraining ? configuration.attentionDropout : 0)
      let hidden = try wanted(x) + added(attentionOutput(wanted(seen)), inputs.dropFirst().first)
      let thought = try down(configuration.activation(up(feedForwardNorm(hidden))))
      return try hidden + added(thought, inputs.dropFirst(2).first)
    }
  }

  private func added(_ x: Tensor, _ scale: Tensor?) throws -> Tensor {
    var x = try mode.dropped(x, configuration.dropout)
    if let scale { x = try x * scale }
    return try mode.droppedRows(x, configuration.pathDropout)
  }
}

extension Mode {
  /// `x` with a share of the batch's rows zero and the others larger for it, in training.
  ///
  /// Source: Huang et al. 2016, "Deep Networks with Stochastic Depth".
  func droppedRows(_ x: Tensor, _ rate: Double) throws -> Tensor {
    guard isTraining, rate > 0 else { return x }
    let shape = [x.shape[0]] + x.shape.dropFirst().map { _ in 1 }
    let kept = try withoutGradients {
      try Tensor.empty(shape, dtype: x.dtype, device: x.device).bernoulli_(1 - rate)
    }
    return try x * (kept / (1 - rate))
  }
}
