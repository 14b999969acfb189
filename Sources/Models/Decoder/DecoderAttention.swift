import NN
import Torch

/// Causal self-attention with grouped heads and rotary positions.
///
/// Source: Ainslie et al. 2023, "GQA: Training Generalized Multi-Query Transformer Models".
struct DecoderAttention {
  private let projections: Projections
  private let queryNorm, keyNorm: DecoderNorm?
  private let output: Linear
  private let config: DecoderConfiguration
  /// Which way of turning; nil when heads do not turn.
  private let rotary: Int?

  /// Queries, keys and values side by side in one layer, or each in its own.
  private enum Projections {
    case apart(LinearGroup)
    case fused(Linear, sizes: [Int])

    func callAsFunction(_ x: Tensor) throws -> [Tensor] {
      switch self {
      case .apart(let group): try group(x)
      case .fused(let layer, let sizes): try layer(x).split(sizes, dim: -1)
      }
    }
  }

  init(_ path: Path, _ config: DecoderConfiguration, rotary: Int?) throws {
    (self.config, self.rotary) = (config, rotary)
    let initial = Initializer.normal(std: config.initializerRange)
    let (queries, keys) = (config.headCount * config.headSize, config.keyValueHeadCount * config.headSize)
    func projection(_ name: String, _ size: Int) throws -> Linear {
      try Linear(
        path / name, in: config.hiddenSize, out: size, bias: config.queryKeyValueBias, initial: initial)
    }
    projections =
      config.isFused
      ? .fused(try projection("qkv_proj", queries + 2 * keys), sizes: [queries, keys, keys])
      : .apart(
        LinearGroup([
          try projection("q_proj", queries), try projection("k_proj", keys), try projection("v_proj", keys),
        ]))
    output = try Linear(
      path / "o_proj", in: queries, out: config.hiddenSize, bias: config.outputBias, initial: initial)
    func norm(_ name: String, heads: Int) throws -> DecoderNorm? {
      switch config.headNorm {
      case .none, .afterTurning: nil
      case .each: try DecoderNorm(path / name, config, size: config.headSize)
      case .together: try DecoderNorm(path / name, config, size: heads * config.headSize)
      case .eachItsOwn:
        .layer(try LayerNorm(path / name, size: config.headSize, eps: config.normEpsilon, heads: heads))
      }
    }
    queryNorm = try norm("q_norm", heads: config.headCount)
    keyNorm = try norm("k_norm", heads: config.keyValueHeadCount)
  }

  /// - Parameters:
  ///   - x: [batch, tokens, d].
  ///   - extend: puts earlier keys and values in front of these.
  func callAsFunction(
    _ x: Tensor, _ context: DecoderContext, _ sight: Sight,
    extend: (_ key: Tensor, _ value: Tensor) throws -> (Tensor, Tensor)
  ) throws -> Tensor {
    let parts = try projections(x)
    var query = try turned(heads(parts[0], queryNorm), context)
    if rotary == nil, let temperature = context.temperature {
      query = try (query * temperature).to(dtype: query.dtype)
    }
    let (key, value) = try extend(
      turned(heads(parts[1], keyNorm), context), heads(parts[2], nil).transposed(1, 2))
    return try output(
      sight.attended(
        query, key, value, scale: config.attentionScale, cap: config.attentionCap, dropout: context.dropout))
  }

  /// [batch, tokens, heads * size] to [batch, tokens, heads, size].
  private func heads(_ x: Tensor, _ norm: DecoderNorm?) throws -> Tensor {
    var whole = config.headNorm == .together ? try norm?(x) ?? x : x
    if let clip = config.clip { whole = try whole.clamped(min: -clip, max: clip) }
    let split = try whole.reshaped([x.shape[0], x.shape[1], -1, config.headSize])
    return config.headNorm == .together ? split : try norm?(split) ?? split
  }

  /// [batch, tokens, heads, size] to [batch, heads, tokens, size].
  private func turned(_ x: Tensor, _ context: DecoderContext) throws -> Tensor {
    guard let rotary else { return try x.transposed(1, 2) }
    let turned = try context.rotaries[rotary].rotateHeads(x)
    return config.headNorm == .afterTurning ? try turned.normalized(eps: config.normEpsilon) : turned
  }
}

extension Tensor {
  /// Over the root of the mean square of the last dimension, in float32.
  fileprivate func normalized(eps: Double) throws -> Tensor {
    let wide = try to(dtype: .float32)
    return try (wide * (wide.square().mean([-1], keepDim: true) + eps).rsqrt()).to(dtype: dtype)
  }
}
